import Files
import Plans
import UNet

extension TrainingSettings {
  /// Checks that there is what the methods of the plan need.
  ///
  /// - Parameters:
  ///   - cases: The names of the training cases.
  ///   - groups: The group of each case that has one, by the name of the case.
  ///   - hasTeacher: Whether there is a teacher.
  /// - Throws: `InputError` when a teacher or a group is missing, or a teacher has nothing to do.
  public func checkMethods(cases: [String], groups: [String: String], hasTeacher: Bool) throws {
    if let distillation {
      guard hasTeacher else {
        throw InputError(
          "training.distillation", found: "no teacher", expected: "a trained model",
          advice: "Name its folder with --teacher.")
      }
      if distillation.groups { _ = try distillationGroups(of: cases, groups) }
    } else if hasTeacher {
      throw InputError(
        "--teacher", found: "a plan without distillation", expected: "training.distillation in the plan",
        advice: "Add it with --set 'training.distillation={}'.")
    }
  }

  /// Creates the methods of the plan, in the order in which they change a step.
  ///
  /// - Throws: As ``checkMethods(cases:groups:hasTeacher:)``.
  func methods(_ task: TrainingTask, network: Network, loss: Loss, teacher: (any Teacher)?) throws
    -> [any TrainingMethod]
  {
    let cases = task.split.training
    try checkMethods(cases: cases, groups: task.groups, hasTeacher: teacher != nil)
    guard let distillation, let teacher else { return [] }
    return [
      try Distillation(
        distillation, teacher: teacher, student: network, target: loss.target,
        groups: distillation.groups ? distillationGroups(of: cases, task.groups) : [])
    ]
  }

  private func distillationGroups(of cases: [String], _ groups: [String: String]) throws -> [String] {
    try sampler.groupNames(of: cases, groups, for: "Distillation by groups")
  }
}

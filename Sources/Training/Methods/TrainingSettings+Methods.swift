import Files
import Plans
import Tensors
import UNet

extension TrainingSettings {
  /// Checks that there is what the methods of the plan need.
  ///
  /// - Parameters:
  ///   - cases: The names of the training cases.
  ///   - groups: The group of each case that has one, by the name of the case.
  ///   - cleanCases: The names of the training cases that are known to be right.
  ///   - precision: The number format of activations and convolutions.
  ///   - hasTeacher: Whether there is a teacher.
  /// - Throws: `InputError` when a teacher, a group or a clean case is missing, or one of them has nothing to do.
  public func checkMethods(
    cases: [String], groups: [String: String], cleanCases: [String], precision: Precision, hasTeacher: Bool
  ) throws {
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
    guard let method = metaMethod else { return }
    guard !cleanCases.isEmpty else {
      throw InputError(
        "training.\(method)", found: "no clean cases among the training cases",
        expected: "cases whose labels are known to be right",
        advice: "Name them in training.clean_cases, or a column of groups.csv that says yes for them.")
    }
    guard precision == .float32 else {
      throw InputError(
        "training.\(method)", found: "a training in \(precision)", expected: "float32",
        advice: "Its differences are smaller than the rounding of \(precision).")
    }
    if reweight?.draws == true, sampler.name != .uniform {
      throw InputError(
        "training.reweight.draws", found: "the sampler \(sampler.name.rawValue)", expected: "the sampler uniform",
        advice: "Only one of them can draw the cases.")
    }
  }

  /// The key of a method that learns from clean cases; `nil` if the plan has none.
  private var metaMethod: String? {
    if reweight != nil { return "reweight" }
    if interactions != nil { return "interactions" }
    if robustLoss?.adaptive == true { return "robust_loss.adaptive" }
    return nil
  }

  /// Whether a method of the plan learns from clean cases.
  var learnsFromCleanCases: Bool { metaMethod != nil }

  /// Creates the methods of the plan, in the order in which they change a step.
  ///
  /// - Throws: As ``checkMethods(cases:groups:cleanCases:precision:hasTeacher:)``.
  func methods(
    _ task: TrainingTask, network: Network, loss: Loss, maker: BatchMaker, teacher: (any Teacher)?
  ) throws -> [any TrainingMethod] {
    let cases = task.split.training
    try checkMethods(
      cases: cases, groups: task.groups, cleanCases: task.cleanCases, precision: task.precision,
      hasTeacher: teacher != nil)
    var methods: [any TrainingMethod] = []
    if let adversarial {
      methods.append(
        Adversarial(
          adversarial, caseCount: cases.count, spacing: task.plan.configuration.spacing, seed: UInt64(seed)))
    }
    let groups = cases.map { task.groups[$0] ?? "none" }
    let meta = metaMethod.map { _ in metaGradient(task, network: network, maker: maker) }
    if let reweight, let meta { methods.append(Reweighting(reweight, meta: meta, groups: groups)) }
    if let interactions, let meta {
      methods.append(
        DeepInteractions(
          interactions, meta: meta, network: network, labels: task.description.allLabels.count,
          steps: epochs * iterationsPerEpoch, seed: seed, groups: groups))
    }
    if let robustLoss { methods.append(RobustLoss(robustLoss, network: network, loss: loss, meta: meta)) }
    if let distillation, let teacher {
      methods.append(
        try Distillation(
          distillation, teacher: teacher, student: network, target: loss.target,
          groups: distillation.groups ? distillationGroups(of: cases, task.groups) : []))
    }
    return methods
  }

  private func metaGradient(_ task: TrainingTask, network: Network, maker: BatchMaker) -> MetaGradient {
    let clean = Set(task.cleanCases)
    let indices = task.split.training.indices.filter { clean.contains(task.split.training[$0]) }
    let batches = CleanBatches(cases: indices, batchSize: network.batchSize, seed: seed, maker: maker)
    return MetaGradient(network, clean: batches.batch)
  }

  private func distillationGroups(of cases: [String], _ groups: [String: String]) throws -> [String] {
    try sampler.groupNames(of: cases, groups, for: "Distillation by groups")
  }
}

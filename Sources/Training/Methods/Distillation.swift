import Files
import Foundation
import HardnessWeighting
import Plans
import UNet

/// Knowledge distillation: the student also learns the probabilities that a teacher gives to the patches it sees.
///
/// To the loss of each sample, `weight · SoftTargetLoss` is added. The group version (after Vilouras et al., "Group
/// Distributionally Robust Knowledge Distillation", MLMI 2023) multiplies the term of a sample of group g by q_g · G,
/// where G is the number of groups and q is updated by the distillation losses of each step as in `GroupDROSampler`.
/// With equal q_g it is plain distillation.
package struct Distillation: TrainingMethod {
  package struct State: Codable {
    /// The checksum of the teacher's weights, if it has one.
    var teacher: String?
    /// The weights q of the groups. Nothing is drawn from it.
    var groups: GroupDROSampler?
    /// The sum of the mean distillation losses of this epoch's steps, and their number.
    var lossSum = 0.0
    var steps = 0
  }

  package let name = "distillation"
  package private(set) var state: State
  /// The state after the step under way.
  private var next: State?
  private let settings: DistillationSettings
  private let teacher: any Teacher
  private let loss: SoftTargetLoss

  /// - Parameters:
  ///   - settings: The weight, the temperature, and how groups are weighted.
  ///   - teacher: A teacher for the student's batches.
  ///   - student: The network that is trained.
  ///   - target: What the output channels of both stand for.
  ///   - groups: The group of each training case, in the order of the cases; needed if `settings.groups`.
  package init(
    _ settings: DistillationSettings, teacher: any Teacher, student: Network, target: Loss.Target, groups: [String]
  ) throws {
    (self.settings, self.teacher) = (settings, teacher)
    loss = SoftTargetLoss(student, target: target, temperature: settings.temperature)
    state = State(teacher: teacher.checksum)
    if settings.groups {
      state.groups = try GroupDROSampler(
        groups: groups, stepSize: settings.stepSize, adjustment: settings.adjustment, seed: 0)
    }
  }

  package mutating func restore(_ state: State, from file: URL) throws {
    guard state.lossSum.isFinite, state.steps >= 0, state.groups?.names == self.state.groups?.names,
      state.groups?.stepSize == self.state.groups?.stepSize, state.groups?.adjustment == self.state.groups?.adjustment
    else {
      throw InputError(
        file.path, found: "no usable state of the distillation", expected: "that of a run on the same groups",
        advice: "Resume with the groups.csv of the first call, or start a new run in another folder.")
    }
    if let own = state.teacher, let other = self.state.teacher, own != other {
      throw InputError(
        file.path, found: "a run with another teacher", expected: "the one it was begun with",
        advice: "Resume with the --teacher of the first call, or start a new run in another folder.")
    }
    self.state = state
  }

  package mutating func change(_ step: TrainingStep) throws {
    let losses = loss.losses(teacher: teacher.logits(of: step.network.input))
    var next = state
    next.lossSum += losses.reduce(0, +) / Double(losses.count)
    next.steps += 1
    // Where a loss is not finite, neither is the gradient, and the step will be left out.
    if losses.allSatisfy(\.isFinite) { try next.groups?.record(losses: losses, for: step.cases) }
    let shares = next.groups?.groupProbabilities ?? [:]
    let factors = zip(step.cases, step.weights).map { index, weight in
      let groupWeight = next.groups.map { (shares[$0.names[index]] ?? 0) * Double(shares.count) } ?? 1
      return settings.weight * groupWeight * weight / Double(losses.count)
    }
    loss.addGradient(factors: factors)
    self.next = next
  }

  package mutating func stepDone() {
    if let next { state = next }
    next = nil
  }

  /// The mean distillation loss of the epoch's steps, and q at its end.
  package mutating func endEpoch() -> [String: Double] {
    var values: [String: Double] = [:]
    if state.steps > 0 { values["distillation_loss"] = state.lossSum / Double(state.steps) }
    for (group, share) in state.groups?.groupProbabilities ?? [:] { values["distillation_weight_\(group)"] = share }
    (state.lossSum, state.steps) = (0, 0)
    return values
  }
}

import Files
import Foundation
import Plans
import UNet

/// Learning to reweight with deep interactions (Fan et al. 2020, <https://arxiv.org/abs/2007.04649>): a small network
/// gives each sample a weight by what the trained network sees in it, and learns from clean cases.
///
/// What it sees is the coarsest features, averaged over the patch; the loss; for each label, the square root of its
/// share of the voxels; and how much of the training is done. With w_i(ω) for the weight of sample i, a step of the
/// trained network changes the clean loss by −α / N · Σ w_i u_i, u_i = ⟨∇ loss_i, ∇ clean loss⟩, so ω follows Σ u_i
/// ∂w_i/∂ω.
package struct DeepInteractions: TrainingMethod {
  package struct State: Codable {
    var teacher: WeightTeacher
    /// For the log: the weights of this epoch's samples.
    var weights = GroupMeans()
  }

  package let name = "interactions"
  package private(set) var state: State
  private var next: State?
  private let settings: InteractionSettings
  private let meta: MetaGradient
  private let groups: [String]
  private let labels: Int
  private let steps: Int

  /// - Parameters:
  ///   - labels: The number of labels with the background.
  ///   - steps: The number of steps of the training.
  ///   - groups: The group of each case, for the log.
  package init(
    _ settings: InteractionSettings, meta: MetaGradient, network: Network, labels: Int, steps: Int, seed: Int,
    groups: [String]
  ) {
    (self.settings, self.meta, self.groups) = (settings, meta, groups)
    (self.labels, self.steps) = (labels, steps)
    let inputs = network.architecture.features.last! + 1 + labels + 1
    state = State(teacher: WeightTeacher(inputs: inputs, units: settings.units, seed: UInt64(seed)))
  }

  package mutating func restore(_ state: State, from file: URL) throws {
    let own = self.state.teacher
    guard state.teacher.inputs == own.inputs, state.teacher.units == own.units, state.teacher.isConsistent,
      state.weights.isConsistent
    else {
      throw InputError(
        file.path, found: "no usable state of the network that learns weights", expected: "that of the same plan",
        advice: "Start a new run in another folder.")
    }
    self.state = state
  }

  package mutating func prepare(_ step: inout TrainingStep) throws { try meta.prepare(step) }

  package mutating func weigh(_ step: inout TrainingStep) throws {
    var next = state
    let inputs = inputs(step)
    let weights = inputs.map(state.teacher.weight)
    if let products = try meta.products(&step) {
      var gradient = state.teacher.parameters.map { _ in 0.0 }
      for (x, product) in zip(inputs, products) {
        for (i, value) in state.teacher.gradient(x).enumerated() { gradient[i] += product * value }
      }
      next.teacher.ascend(gradient, rate: settings.learningRate)
    }
    for (index, weight) in zip(step.cases, weights) { next.weights.add(weight, to: groups[index]) }
    step.weights = zip(step.weights, weights).map(*)
    self.next = next
  }

  /// What the network that is trained sees in each sample.
  private func inputs(_ step: TrainingStep) -> [[Double]] {
    let voxels = step.labels.count / step.cases.count
    return step.network.pooledBottleneck().enumerated().map { n, features in
      var counts = [Int](repeating: 0, count: labels)
      for label in step.labels[n * voxels..<(n + 1) * voxels] where Int(label) < labels { counts[Int(label)] += 1 }
      let shares = counts.map { (Double($0) / Double(voxels)).squareRoot() }
      return features.map(Double.init) + [step.losses[n]] + shares + [Double(step.iteration) / Double(steps)]
    }
  }

  package mutating func stepDone() {
    if let next { state = next }
    next = nil
  }

  /// The mean weight of the epoch's samples, by group.
  package mutating func endEpoch() -> [String: Double] { state.weights.end(prefix: "interaction_weight_") }
}

import Files
import Foundation
import Plans
import UNet

/// A robust loss in place of the cross-entropy (`RobustCrossEntropy`), whose parameter is fixed or learned.
///
/// The parameter is learned as in "Learning Adaptive Loss for Robust Learning with Noisy Labels" (Shu et al. 2020,
/// <https://arxiv.org/abs/2002.06482>): so that training with it lowers the loss of clean cases. A virtual step
/// θ − α ∇L(θ; η) changes that loss by −α ⟨∂∇L/∂η, v⟩ per unit of the unconstrained parameter η, with the gradient v of
/// the loss of the clean cases. Before each step, η therefore follows the product ⟨∂∇L/∂η, v⟩, and the step uses the
/// new η. The paper's step for η is plain gradient descent; ours is Adam's, see `LearnedParameter`.
package struct RobustLoss: TrainingMethod {
  package struct State: Codable, Equatable {
    /// The unconstrained parameter η; `nil` where it is fixed.
    var learned: LearnedParameter?
    /// The sum of the mean robust losses of this epoch's steps, and their number.
    var lossSum = 0.0
    var steps = 0
  }

  package let name = "robust_loss"
  package private(set) var state: State
  /// The state after the step under way.
  private var next: State?
  private let settings: RobustLossSettings
  private let loss: RobustCrossEntropy
  private let meta: MetaGradient?

  /// - Parameter meta: What the parameter is learned with; needed if `settings.adaptive`.
  package init(_ settings: RobustLossSettings, network: Network, loss: Loss, meta: MetaGradient?) {
    (self.settings, self.meta) = (settings, settings.adaptive ? meta : nil)
    self.loss = RobustCrossEntropy(settings.kind, network: network, loss: loss)
    state = State(
      learned: settings.adaptive ? LearnedParameter(settings.kind.unconstrained(settings.parameter)) : nil)
  }

  /// The parameter of the loss in a state.
  private func parameter(_ state: State) -> Double {
    state.learned.map { settings.kind.parameter($0.value) } ?? settings.parameter
  }

  package mutating func restore(_ state: State, from file: URL) throws {
    guard state.lossSum.isFinite, state.steps >= 0, (state.learned == nil) == (self.state.learned == nil),
      state.learned?.isConsistent(bound: RobustCrossEntropy.Kind.largestUnconstrained) ?? true
    else {
      throw InputError(
        file.path, found: "no usable state of the robust loss", expected: "that of a run with the same settings",
        advice: "Start a new run in another folder.")
    }
    self.state = state
  }

  package mutating func prepare(_ step: inout TrainingStep) throws {
    next = nil
    try meta?.prepare(step)
  }

  package mutating func weigh(_ step: inout TrainingStep) throws {
    guard let meta else { return }
    loss.setDerivative(labels: step.labels, factors: factors(step), parameter: parameter(state))
    let product = meta.product()
    // The gradient of the loss is in the same place.
    try step.computeLoss(weights: step.weights)
    guard let product else { return }
    var next = state
    next.learned?.follow(
      product, rate: settings.learningRate, bound: RobustCrossEntropy.Kind.largestUnconstrained)
    self.next = next
  }

  package mutating func change(_ step: TrainingStep) throws {
    var next = next ?? state
    let losses = loss.replaceCrossEntropy(labels: step.labels, factors: factors(step), parameter: parameter(next))
    next.lossSum += losses.reduce(0, +) / Double(losses.count)
    next.steps += 1
    self.next = next
  }

  private func factors(_ step: TrainingStep) -> [Double] { step.weights.map { $0 / Double(step.weights.count) } }

  package mutating func stepDone() {
    if let next { state = next }
    next = nil
  }

  /// The mean robust loss of the epoch's steps, and the parameter at its end if it is learned.
  package mutating func endEpoch() -> [String: Double] {
    var values: [String: Double] = [:]
    if state.steps > 0 { values["robust_loss"] = state.lossSum / Double(state.steps) }
    if state.learned != nil { values["robust_parameter"] = parameter(state) }
    (state.lossSum, state.steps) = (0, 0)
    return values
  }
}

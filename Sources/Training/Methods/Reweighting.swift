import Files
import Foundation
import Plans

/// Learning to reweight examples (Ren et al. 2018, <https://arxiv.org/abs/1803.09050>): a sample counts as much as
/// training on it lowers the loss of clean cases.
///
/// For a virtual step with weights ε_i = 0, the derivative of the clean loss with respect to ε_i is proportional to
/// −u_i, u_i = ⟨∇ loss_i, ∇ clean loss⟩. The paper's weights are max(0, u_i) divided by their sum over the batch, or
/// all 0 if the sum is. The batch's loss is Σ of weight · loss.
///
/// In a batch of two that is nearly all or nothing. With `memory` γ > 0, each case has a moving average of its u, and
/// its weight is max(0, average) divided by the mean of that over all cases seen, at most ``largestWeight``. Gradients
/// shrink as a training goes on, so u is first divided by the moving average of |u| over the steps. With `draws`, cases
/// are drawn by these weights, and samples keep theirs.
package struct Reweighting: TrainingMethod {
  package struct State: Codable, Equatable {
    /// For each case the sums of its averages: Σ γ^k u and Σ γ^k over its visits.
    var sums: [Double]
    var counts: [Double]
    /// The moving average of |u| over the steps; `nil` before the first.
    var scale: Double?
    /// For the log: the weights of this epoch's samples.
    var weights = GroupMeans()
  }

  package let name = "reweight"
  package private(set) var state: State
  private var next: State?
  private let settings: ReweightSettings
  private let meta: MetaGradient
  private let groups: [String]

  fileprivate static let largestWeight = 4.0
  /// What each case is drawn at least, as a share of the mean.
  private static let smallestDraw = 0.1
  fileprivate static let scaleDecay = 0.95

  /// - Parameter groups: The group of each case, for the log.
  package init(_ settings: ReweightSettings, meta: MetaGradient, groups: [String]) {
    (self.settings, self.meta, self.groups) = (settings, meta, groups)
    state = State(sums: groups.map { _ in 0 }, counts: groups.map { _ in 0 })
  }

  package mutating func restore(_ state: State, from file: URL) throws {
    guard state.sums.count == groups.count, state.counts.count == groups.count, state.sums.allSatisfy(\.isFinite),
      state.counts.allSatisfy({ $0.isFinite && $0 >= 0 }), state.scale.map({ $0.isFinite && $0 >= 0 }) ?? true,
      state.weights.isConsistent
    else {
      throw InputError(
        file.path, found: "no usable state of the weights of cases", expected: "one for each training case",
        advice: "Start a new run in another folder.")
    }
    self.state = state
  }

  package mutating func prepare(_ step: inout TrainingStep) throws { try meta.prepare(step) }

  package mutating func weigh(_ step: inout TrainingStep) throws {
    var next = state
    let weights: [Double]
    if let products = try meta.products(&step) {
      next.record(products, for: step.cases, decay: settings.memory)
      weights = settings.memory > 0 ? next.weights(of: step.cases) : Self.batchWeights(products)
    } else {
      weights = step.cases.map { _ in 1 }
    }
    for (index, weight) in zip(step.cases, weights) { next.weights.add(weight, to: groups[index]) }
    if !settings.draws { step.weights = zip(step.weights, weights).map(*) }
    self.next = next
  }

  /// The paper's weights, times N: the step minimizes Σ w_i · loss_i / N.
  static func batchWeights(_ products: [Double]) -> [Double] {
    let positive = products.map { max(0, $0) }
    let sum = positive.reduce(0, +)
    return positive.map { sum > 0 ? $0 / sum * Double(products.count) : 0 }
  }

  package var drawWeights: [Double]? {
    guard settings.draws else { return nil }
    return state.weights(of: Array(groups.indices)).map { max($0, Self.smallestDraw) }
  }

  package mutating func stepDone() {
    if let next { state = next }
    next = nil
  }

  /// The mean weight of the epoch's samples, by group.
  package mutating func endEpoch() -> [String: Double] { state.weights.end(prefix: "case_weight_") }
}

extension Reweighting.State {
  /// Takes in the products of a batch.
  mutating func record(_ products: [Double], for cases: [Int], decay: Double) {
    let size = products.reduce(0) { $0 + abs($1) } / Double(products.count)
    let scale = scale.map { Reweighting.scaleDecay * $0 + (1 - Reweighting.scaleDecay) * size } ?? size
    self.scale = scale
    for (index, product) in zip(cases, products) where scale > 0 {
      sums[index] = decay * sums[index] + product / scale
      counts[index] = decay * counts[index] + 1
    }
  }

  /// The weight of each case; 1 for those that have not been seen.
  func weights(of cases: [Int]) -> [Double] {
    func value(_ index: Int) -> Double { max(0, sums[index] / counts[index]) }
    let seen = counts.indices.filter { counts[$0] > 0 }
    let mean = seen.reduce(0) { $0 + value($1) } / Double(seen.count)
    return cases.map { counts[$0] > 0 && mean > 0 ? min(value($0) / mean, Reweighting.largestWeight) : 1 }
  }
}

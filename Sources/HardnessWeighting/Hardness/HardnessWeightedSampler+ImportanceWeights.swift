extension HardnessWeightedSampler {
  /// What the published trainer clips importance weights to.
  public static let publishedClipping = 0.1...10.0

  /// What each loss of a batch is to be multiplied by, so that a batch drawn by stale losses stands for one drawn by fresh ones. To be
  /// asked for before `record`.
  ///
  /// With replacement, no floor and no cap the weight is the published exp(β · (1 − m) · (new loss − stale loss)): how much likelier the case
  /// has become, the softmax's normalization left aside; 1 − m is what the options' memory lets a new loss count. In general it is the
  /// ratio of fresh to stale probability under the options, with the same normalization: a case that stays at the cap or at the floor
  /// has weight 1. Without replacement the place in the batch counts too: the k-th of B cases is multiplied by
  /// (1 − Σ_{j<k} p_j) + (B − k) p_k, with which the mean over the batch estimates the expectation over p without bias (Des Raj, "Some
  /// estimators in sampling with varying probabilities without replacement", 1956); the published code leaves this out, so the cases
  /// that merely fill a batch count as if hardness had chosen them. A first visit has weight 1: no stale loss chose it.
  ///
  /// - Parameter range: what the weights are clipped to; `nil` does not clip.
  /// - Throws: `SamplerError` as `record` does.
  public func importanceWeights(
    losses: [Double], for cases: [Int], clippedTo range: ClosedRange<Double>? = publishedClipping
  ) throws -> [Double] {
    try check(losses: losses, for: cases)
    var copy = self
    var removed: Removed = []
    let shares = copy.takeCapped(&removed)
    var drawn = 0.0
    return zip(losses, cases).enumerated().map { place, visit in
      let (new, index) = visit
      guard let stale = loss(index) else { return 1 }
      let change = newShare(index) * (new - stale)
      let growth = tree.beta == 0 || change == 0 ? 1 : exponential(tree.beta * change)
      var weight = growth
      if options.cap != nil || options.floor != .none {
        let uncapped = shares.rest * tree.share(index, of: shares.total)
        let hard = hardShare(index, shares)
        weight = probability(min(uncapped * growth, options.cap == nil ? .infinity : shares.cap)) / probability(hard)
      }
      if !options.replacement {
        let share = probability(hardShare(index, shares))
        weight *= max(0, 1 - drawn) + Double(cases.count - place - 1) * share
        drawn += share
      }
      return range.map { min(max(weight, $0.lowerBound), $0.upperBound) } ?? weight
    }
  }

  /// The weights that the options ask for.
  func batchWeights(losses: [Double], for cases: [Int]) throws -> [Double] {
    guard options.importance != .none, !cases.isEmpty else { return Array(repeating: 1, count: cases.count) }
    let weights = try importanceWeights(losses: losses, for: cases)
    guard options.importance == .normalized else { return weights }
    let mean = weights.reduce(0, +) / Double(weights.count)
    return weights.map { $0 / mean }
  }

  /// The probability, up to the floor's normalization, of a case with a share by hardness.
  private func probability(_ share: Double) -> Double {
    let n = Double(caseCount)
    return switch options.floor {
    case .none: share
    case .minimum(let least): max(share, least / n)
    case .uniformShare(let uniform): (1 - uniform) * share + uniform / n
    }
  }
}

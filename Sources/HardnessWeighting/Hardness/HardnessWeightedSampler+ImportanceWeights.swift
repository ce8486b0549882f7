extension HardnessWeightedSampler {
  /// The range to which the published trainer clips importance weights.
  public static let publishedClipping = 0.1...10.0

  /// The importance weights that make a batch drawn by stale losses stand for one drawn by fresh losses.
  ///
  /// Multiply the loss of each case by its weight before the backward pass. Call this before
  /// ``record(losses:for:)``, which replaces the stale losses.
  ///
  /// Let `a` be the share with which a new loss enters the hardness of a case (1 − m with
  /// ``HardnessOptions/Memory-swift.enum/momentum(_:)``). The softmax weight of the case grows by
  ///
  ///     g = exp(β · a · (new loss − stale loss))
  ///
  /// With replacement and without floor and cap, this is the published importance weight, w = g. It leaves out
  /// the change of the softmax's denominator. In general, w is the ratio of fresh to stale probability with the
  /// denominators unchanged. Let q be the softmax probability of the case before the cap, and let n be the number
  /// of cases:
  ///
  ///     w    = P(min(g · q, cap)) / P(min(q, cap))
  ///     P(q) = q                      without a floor
  ///          = max(q, f / n)          with a minimum f
  ///          = (1 − u) · q + u / n    with a uniform share u
  ///
  /// A case that stays at the cap, or at the floor, therefore has weight 1.
  ///
  /// Without replacement, the weight of the k-th of B cases is multiplied by
  ///
  ///     (1 − Σ_{j<k} p_j) + (B − k) · p_k
  ///
  /// which makes the weighted mean over the batch an unbiased estimate of the expectation under p (Des Raj, "Some
  /// estimators in sampling with varying probabilities without replacement", 1956). The published code leaves
  /// this factor out, so that cases that merely fill a batch count as if hardness had chosen them.
  ///
  /// A first visit has weight 1, because no stale loss chose it. So has every visit where hardness is estimated.
  ///
  /// - Parameters:
  ///   - losses: The new loss of each case.
  ///   - cases: The cases of the batch, in the order in which they were drawn.
  ///   - range: The range to which the weights are clipped; `nil` does not clip.
  /// - Throws: ``SamplerError`` when the lengths differ, a case does not exist or a loss is not finite.
  public func importanceWeights(
    losses: [Double], for cases: [Int], clippedTo range: ClosedRange<Double>? = publishedClipping
  ) throws -> [Double] {
    try check(losses: losses, for: cases)
    guard tracker == nil else { return Array(repeating: 1, count: cases.count) }
    var copy = self
    var removed: RemovedCases = []
    let shares = copy.removeCapped(into: &removed)
    var drawn = 0.0
    return zip(losses, cases).enumerated().map { position, visit in
      let (new, index) = visit
      guard let stale = loss(index) else { return 1 }
      let change = newLossShare(of: index) * (new - stale)
      let growth = tree.beta == 0 || change == 0 ? 1 : exponential(tree.beta * change)
      var weight = growth
      if options.cap != nil || options.floor != .none {
        let uncapped = shares.rest * tree.share(index, of: shares.total)
        let capped = hardnessShare(of: index, in: shares)
        weight =
          flooredProbability(min(uncapped * growth, options.cap == nil ? .infinity : shares.cap))
          / flooredProbability(capped)
      }
      if !options.replacement {
        let share = flooredProbability(hardnessShare(of: index, in: shares))
        weight *= max(0, 1 - drawn) + Double(cases.count - position - 1) * share
        drawn += share
      }
      return range.map { min(max(weight, $0.lowerBound), $0.upperBound) } ?? weight
    }
  }

  /// The weights that `options.importance` asks for.
  func batchWeights(losses: [Double], for cases: [Int]) throws -> [Double] {
    guard options.importance != .none, !cases.isEmpty else { return Array(repeating: 1, count: cases.count) }
    let weights = try importanceWeights(losses: losses, for: cases)
    guard options.importance == .normalized else { return weights }
    let mean = weights.reduce(0, +) / Double(weights.count)
    return weights.map { $0 / mean }
  }

  /// P(q) for a share q by hardness: its probability with the floor, before normalization.
  func flooredProbability(_ share: Double) -> Double {
    let n = Double(caseCount)
    return switch options.floor {
    case .none: share
    case .minimum(let minimum): max(share, minimum / n)
    case .uniformShare(let uniform): (1 - uniform) * share + uniform / n
    }
  }
}

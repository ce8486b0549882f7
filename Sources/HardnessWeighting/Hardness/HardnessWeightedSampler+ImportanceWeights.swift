extension HardnessWeightedSampler {
  /// The range to which the published trainer clips importance weights.
  public static let publishedClipping = 0.1...10.0

  /// The importance weights that make a batch drawn by stale losses stand for one drawn by fresh losses.
  ///
  /// Multiply the loss of each case by its weight before the backward pass. Call this before
  /// ``record(losses:for:)``, which replaces the stale losses. Stale loss, β and probability of a case are those
  /// of the moment when it was drawn, however many batches were drawn since. For a case that was not drawn, they
  /// are the present ones.
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
  /// Without replacement, the weight of the k-th of B cases is multiplied, after it was clipped, by
  ///
  ///     (1 − Σ_{j<k} p_j) + (B − k) · p_k
  ///
  /// which makes the weighted mean over the batch an unbiased estimate of the expectation under p (Des Raj, "Some
  /// estimators in sampling with varying probabilities without replacement", 1956). The published code leaves
  /// this factor out, so that cases that merely fill a batch count as if hardness had chosen them. With
  /// ``HardnessOptions/Importance-swift.enum/published``, w = g in any case.
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
    var earlier: [Int: Int] = [:]
    return zip(losses, cases).enumerated().map { position, visit in
      let (new, index) = visit
      let draw =
        draws.draw(of: index, after: earlier[index] ?? 0) ?? importanceDraw(of: index, in: shares, stale: loss(index))
      earlier[index, default: 0] += 1
      guard let stale = draw.staleLoss else { return 1 }
      let change = newLossShare(of: index) * (new - stale)
      let growth = draw.beta == 0 || change == 0 ? 1 : exponential(draw.beta * change)
      var weight = growth
      if options.importance != .published, options.cap != nil || options.floor != .none {
        let grown = min(draw.uncapped * growth, options.cap == nil ? .infinity : draw.cap)
        weight = flooredProbability(grown) / flooredProbability(draw.capped)
      }
      if let range { weight = min(max(weight, range.lowerBound), range.upperBound) }
      if options.importance != .published, !options.replacement {
        let share = flooredProbability(draw.capped)
        weight *= max(0, 1 - drawn) + Double(cases.count - position - 1) * share
        drawn += share
      }
      return weight
    }
  }

  /// What is known of a case that is not excluded from the tree, or is in it with the given loss when it is.
  func importanceDraw(of index: Int, in shares: Shares, stale: Double?) -> ImportanceDraw {
    guard let stale else { return ImportanceDraw(beta: tree.beta) }
    let share = shares.total.sum == 0 ? 0 : tree.weight(stale, pivot: shares.total.pivot) / shares.total.sum
    return ImportanceDraw(
      staleLoss: stale, beta: tree.beta, uncapped: shares.rest * share,
      capped: shares.capped.contains(index) ? shares.cap : shares.rest * share, cap: shares.cap)
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

/// What was known of a case when it was drawn: all that its importance weight depends on, beside its new loss.
struct ImportanceDraw: Codable, Sendable, Equatable {
  /// The loss it was drawn by; `nil` for a first visit.
  var staleLoss: Double?
  var beta: Double
  /// Its probability by hardness before the cap, after it, and the cap; without floor.
  var uncapped = 0.0
  var capped = 0.0
  var cap = 0.0

  /// Whether the numbers, which may have been decoded, can occur.
  var isConsistent: Bool {
    (staleLoss?.isFinite ?? true) && beta >= 0 && [uncapped, capped, cap].allSatisfy { $0.isFinite && $0 >= 0 }
  }
}

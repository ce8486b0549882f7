extension HardnessWeightedSampler {
  /// The ratio by which the effective sample size may differ from its target before β is adapted again.
  private static let tolerance = 1.05

  /// Adapts β to the current losses when the effective sample size has left its target.
  ///
  /// For n cases, a share s and a ramp that has risen to r, the target is (1 − r · k · (1 − s)) · n, k being the
  /// share of the spread that is known to be signal where hardness is estimated, else 1. The check takes O(1),
  /// or O(log n / cap) with a cap. Adapting β takes O(n).
  mutating func calibrateWhenDue() {
    guard case .effectiveSampleSize(let share) = options.beta, ramp > 0 else { return }
    // β answers to what is known: where the spread of the estimates is noise, the target stays near n.
    let known = tracker?.estimator.signalShare ?? 1
    let target = (1 - ramp * known * (1 - share)) * Double(caseCount)
    let size = effectiveSampleSizeByHardness()
    if size > target * Self.tolerance || size * Self.tolerance < target { calibrate(to: target) }
  }

  /// Finds the β with the given effective sample size by bisection on log β; the size falls as β rises.
  ///
  /// When no β reaches the size (equal losses, or a floor that keeps it higher), the nearest one is set.
  private mutating func calibrate(to target: Double) {
    let spread = spread
    guard spread > 0 else { return }
    func size(_ beta: Double) -> Double {
      tree.setBeta(beta)
      return effectiveSampleSizeByHardness()
    }
    // The search runs from a practically uniform softmax to one that is a maximum in double precision.
    var low = max(1e-3 / spread, .leastNormalMagnitude)
    var high = min(low * 2, .greatestFiniteMagnitude)
    while size(high) > target, high * spread < 1e6, high < .greatestFiniteMagnitude / 4 {
      low = high
      high *= 4
    }
    for _ in 0..<40 {
      let middle = low.squareRoot() * high.squareRoot()
      let found = size(middle)
      if abs(found - target) <= 1e-6 * target {
        (low, high) = (middle, middle)
        break
      }
      if found > target { low = middle } else { high = middle }
    }
    setBeta(low.squareRoot() * high.squareRoot())
  }

  /// The effective sample size 1 / Σ p² at the current β, with the cap and the uniform share u.
  ///
  ///     Σ q² = (number of capped cases) · cap² + rest² · squares / sum²
  ///     Σ p² = (1 − u)² · Σ q² + (2 − u) · u / n
  ///
  /// A minimum probability is left out: the published 1e-4 / n has no visible effect on the size.
  private mutating func effectiveSampleSizeByHardness() -> Double {
    var removed: RemovedCases = []
    let shares = removeCapped(into: &removed)
    restore(removed)
    var squares = Double(shares.capped.count) * shares.cap * shares.cap
    if shares.total.sum > 0 {
      let scale = shares.rest / shares.total.sum
      squares += shares.total.squares * scale * scale
    }
    if case .uniformShare(let uniform) = options.floor {
      let n = Double(caseCount)
      squares = (1 - uniform) * (1 - uniform) * squares + (2 - uniform) * uniform / n
    }
    return 1 / squares
  }

  /// The standard deviation of the losses, computed in units of half their range so that no sum overflows.
  private var spread: Double {
    let losses = (0..<caseCount).lazy.map { tree.loss($0) }
    guard let minimum = losses.min(), let maximum = losses.max(), maximum > minimum else { return 0 }
    let scale = maximum / 2 - minimum / 2
    let mean = losses.reduce(0) { $0 + $1 / scale / Double(caseCount) }
    return scale
      * (losses.reduce(0) { $0 + ($1 / scale - mean) * ($1 / scale - mean) } / Double(caseCount)).squareRoot()
  }
}

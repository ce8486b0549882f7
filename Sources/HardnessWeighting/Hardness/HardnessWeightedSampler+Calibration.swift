extension HardnessWeightedSampler {
  /// How far the effective sample size may leave the one asked for before β is adapted again, as a ratio.
  private static let tolerance = 1.05

  /// Adapts β to the losses as they are now when an effective sample size was asked for and is not there. To see whether it is takes O(1), or
  /// with a cap O(log n / cap); to adapt β takes O(n).
  mutating func calibrateWhenDue() {
    guard case .effectiveSampleSize(let share) = options.beta, ramp > 0 else { return }
    let target = (1 - ramp * (1 - share)) * Double(caseCount)
    let size = hardnessSampleSize()
    if size > target * Self.tolerance || size * Self.tolerance < target { calibrate(to: target) }
  }

  /// Finds the β at which the distribution has this effective sample size. It falls as β rises, so bisection on log β finds it. Where the
  /// size cannot be had (equal losses, a floor above it), β is the one that comes nearest.
  private mutating func calibrate(to target: Double) {
    let spread = spread
    guard spread > 0 else { return }
    func size(_ beta: Double) -> Double {
      tree.setBeta(beta)
      return hardnessSampleSize()
    }
    // From a softmax that is uniform to one that is the maximum, to double precision.
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
    tree.setBeta(low.squareRoot() * high.squareRoot())
  }

  /// The effective sample size at the tree's β, of the distribution with its cap and its uniform share. A least probability, which the
  /// published code sets where it hardly matters, is left aside.
  private mutating func hardnessSampleSize() -> Double {
    var removed: Removed = []
    let shares = takeCapped(&removed)
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

  /// The standard deviation of the losses, with no sum that overflows.
  private var spread: Double {
    let losses = (0..<caseCount).lazy.map { tree.loss($0) }
    guard let least = losses.min(), let most = losses.max(), most > least else { return 0 }
    let scale = most / 2 - least / 2
    let mean = losses.reduce(0) { $0 + $1 / scale / Double(caseCount) }
    return scale
      * (losses.reduce(0) { $0 + ($1 / scale - mean) * ($1 / scale - mean) } / Double(caseCount)).squareRoot()
  }
}

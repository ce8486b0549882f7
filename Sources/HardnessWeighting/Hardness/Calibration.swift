extension HardnessWeightedSampler {
  /// Adapts β to the losses as they are now when an effective sample size was asked for and enough of them have changed: once a tenth of
  /// the cases has been visited, so that the cost, O(n), is constant for each of the visits.
  mutating func calibrateWhenDue() {
    guard case .effectiveSampleSize(let share) = options.beta else { return }
    if let recordsSinceCalibration, recordsSinceCalibration < max(1, caseCount / 10) { return }
    recordsSinceCalibration = 0
    calibrate(to: share * Double(caseCount))
    applyBeta()
  }

  /// Finds the β at which the distribution, cap and floor included, has this effective sample size. It falls as β rises, so bisection on
  /// log β finds it. Where the size cannot be had (equal losses, a floor above it), β is the one that comes nearest.
  private mutating func calibrate(to target: Double) {
    let spread = spread
    guard spread > 0 else { return }
    var trial = self
    func size(_ beta: Double) -> Double {
      trial.tree.setBeta(beta)
      return trial.effectiveSampleSize
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
    targetBeta = low.squareRoot() * high.squareRoot()
  }

  /// The standard deviation of the losses, with no sum that overflows.
  private var spread: Double {
    let losses = (0..<caseCount).lazy.map { tree.loss($0) }
    guard let least = losses.min(), let most = losses.max(), most > least else { return 0 }
    let scale = most / 2 - least / 2
    let mean = losses.reduce(0) { $0 + $1 / scale / Double(caseCount) }
    return scale * (losses.reduce(0) { $0 + ($1 / scale - mean) * ($1 / scale - mean) } / Double(caseCount)).squareRoot()
  }
}

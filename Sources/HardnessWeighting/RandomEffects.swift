/// The mean and the variance between true values of which noisy means are known (Paule and Mandel, "Consensus
/// values and weighting factors", 1982).
struct RandomEffects {
  /// The mean of the true values.
  private(set) var center = 0.0
  /// The variance between them; 0 when the means differ by no more than their errors allow.
  private(set) var variance: Double

  /// Finds the variance at which the standardized squared distances from the center sum to their expectation,
  /// the number of means less one.
  ///
  /// - Parameters:
  ///   - means: At least two means; of fewer, nothing is known.
  ///   - squaredErrors: The squared standard error of each.
  ///   - start: Where the search begins.
  init?(means: [Double], squaredErrors: [Double], start: Double = 0) {
    guard means.count > 1 else { return nil }
    variance = start
    let meanError = squaredErrors.reduce(0, +) / Double(squaredErrors.count)
    for _ in 0..<30 {
      var (weights, sum) = (0.0, 0.0)
      for (mean, error) in zip(means, squaredErrors) {
        let weight = 1 / (variance + error + .leastNormalMagnitude)
        weights += weight
        sum += weight * mean
      }
      center = sum / weights
      var (distance, slope) = (0.0, 0.0)
      for (mean, error) in zip(means, squaredErrors) {
        let weight = 1 / (variance + error + .leastNormalMagnitude)
        let square = (mean - center) * (mean - center)
        distance += weight * square
        slope += weight * weight * square
      }
      guard slope > 0, distance.isFinite, slope.isFinite else { break }
      let next = max(0, variance + (distance - Double(means.count - 1)) / slope)
      let isDone = abs(next - variance) <= 1e-6 * (next + meanError)
      variance = next
      if isDone { break }
    }
  }
}

/// What a case's hardness is expected to be before its own visits are counted, relative to a typical case.
///
/// Two things can be known of a case beside its visits: a score of the whole case by another measure, and its
/// group. Each moves the expectation only as far as it has predicted the visits of the cases so far:
///
/// - A score moves it by the slope of the means on the scores, by weighted least squares, times 1 − 1 / t² for the
///   slope's t value; by nothing when |t| is below 1 or the slope is negative.
/// - A group moves it by the group's mean, shrunk by its squared standard error against the variance between groups
///   (Paule and Mandel, 1982).
struct PriorMeans {
  /// The expectation for each case.
  private(set) var offsets: [Double]
  /// The means less the expectations.
  private var residuals: [Double]
  private let weights: [Double]

  /// - Parameters:
  ///   - means: The mean of each case.
  ///   - weights: The reciprocal variance of each mean around its expectation; 0 for a case without visits.
  init(means: [Double], weights: [Double]) {
    residuals = means
    self.weights = weights
    offsets = Array(repeating: 0, count: means.count)
  }

  /// Takes scores into account; those that are not known count as typical.
  mutating func follow(scores: [Double?]) {
    var (total, meanScore, meanValue) = (0.0, 0.0, 0.0)
    for case (let index, let score?) in scores.enumerated() {
      total += weights[index]
      meanScore += weights[index] * score
      meanValue += weights[index] * residuals[index]
    }
    guard total > 0 else { return }
    meanScore /= total
    meanValue /= total
    var (squares, products) = (0.0, 0.0)
    for case (let index, let score?) in scores.enumerated() {
      squares += weights[index] * (score - meanScore) * (score - meanScore)
      products += weights[index] * (score - meanScore) * (residuals[index] - meanValue)
    }
    // The weights are reciprocal variances, so that the slope's variance is 1 / squares.
    guard squares > 0, products > 0, products * products > squares else { return }
    let slope = products / squares * (1 - squares / (products * products))
    for case (let index, let score?) in scores.enumerated() { move(index, by: slope * (score - meanScore)) }
  }

  /// Takes groups into account, given by the index of each case's group.
  mutating func follow(groups: [Int]) {
    let count = (groups.max() ?? -1) + 1
    var (sums, totals) = (Array(repeating: 0.0, count: count), Array(repeating: 0.0, count: count))
    for (index, group) in groups.enumerated() {
      sums[group] += weights[index] * residuals[index]
      totals[group] += weights[index]
    }
    let seen = (0..<count).filter { totals[$0] > 0 }
    guard seen.count > 1 else { return }
    let means = seen.map { sums[$0] / totals[$0] }
    let errors = seen.map { 1 / totals[$0] }
    guard let fit = RandomEffects(means: means, squaredErrors: errors) else { return }
    var offsets = Array(repeating: 0.0, count: count)
    for (position, group) in seen.enumerated() {
      let share = fit.variance > 0 ? fit.variance / (fit.variance + errors[position]) : 0
      offsets[group] = share * (means[position] - fit.center)
    }
    for (index, group) in groups.enumerated() { move(index, by: offsets[group]) }
  }

  private mutating func move(_ index: Int, by offset: Double) {
    offsets[index] += offset
    residuals[index] -= offset
  }
}

/// An interval that covers the true value of a statistic in a given share of all samples.
public struct ConfidenceInterval: Sendable, Equatable {
  /// The lower end.
  public let lower: Double
  /// The upper end.
  public let upper: Double

  /// Creates an interval from its ends.
  public init(lower: Double, upper: Double) {
    self.lower = lower
    self.upper = upper
  }

  /// The percentile interval of a bootstrap: the middle of the resampled statistics, as
  /// `scipy.stats.bootstrap(method='percentile')` defines it.
  ///
  /// - Parameters:
  ///   - resampled: The statistic of each bootstrap resample.
  ///   - level: The share that the interval is to cover, such as 0.95.
  /// - Returns: `nil` when the statistic is not defined for a resample.
  public static func percentile(resampled: [Double], level: Double) -> ConfidenceInterval? {
    guard !resampled.isEmpty, !resampled.contains(where: \.isNaN) else { return nil }
    let sorted = resampled.sorted()
    return ConfidenceInterval(
      lower: Quantile.percentile(50 * (1 - level), ofSorted: sorted),
      upper: Quantile.percentile(50 * (1 + level), ofSorted: sorted))
  }

  /// The bias-corrected and accelerated interval (BCa) of a bootstrap (Efron, 1987), as
  /// `scipy.stats.bootstrap(method='BCa')` defines it.
  ///
  /// The bias correction follows from the share of resampled statistics below the estimate, with half of those equal to
  /// it. The acceleration follows from the jackknife: the statistic with each observation left out in turn, summed over
  /// the samples when several were drawn independently.
  ///
  /// - Parameters:
  ///   - estimate: The statistic of the observed data.
  ///   - resampled: The statistic of each bootstrap resample.
  ///   - jackknife: For each sample, the statistic without each of its observations.
  ///   - level: The share that the interval is to cover, such as 0.95.
  /// - Returns: `nil` when there is no such interval: the statistic does not vary with the data, is not defined for a
  ///   resample, or lies beyond all resamples.
  public static func biasCorrected(
    estimate: Double, resampled: [Double], jackknife: [[Double]], level: Double
  ) -> ConfidenceInterval? {
    let below = resampled.count { $0 < estimate }
    let atMost = resampled.count { $0 <= estimate }
    let bias = Normal.quantile(Double(below + atMost) / Double(2 * resampled.count))
    let acceleration = acceleration(jackknife)
    guard bias.isFinite, acceleration.isFinite, !resampled.contains(where: \.isNaN) else { return nil }
    let sorted = resampled.sorted()
    func end(_ probability: Double) -> Double {
      let shifted = bias + Normal.quantile(probability)
      let corrected = Normal.cumulative(bias + shifted / (1 - acceleration * shifted))
      return corrected.isNaN ? .nan : Quantile.percentile(100 * corrected, ofSorted: sorted)
    }
    let interval = ConfidenceInterval(lower: end((1 - level) / 2), upper: end((1 + level) / 2))
    return interval.lower.isFinite && interval.upper.isFinite ? interval : nil
  }

  /// The skewness of the jackknife's influence values over six; NaN when the statistic does not vary.
  private static func acceleration(_ jackknife: [[Double]]) -> Double {
    var (cubes, squares) = (0.0, 0.0)
    for sample in jackknife {
      let count = Double(sample.count)
      let mean = SampleMoments.mean(sample)
      for value in sample {
        let influence = (count - 1) * (mean - value) / count
        cubes += influence * influence * influence
        squares += influence * influence
      }
    }
    return cubes / (6 * squares * squares.squareRoot())
  }
}

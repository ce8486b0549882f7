/// Confidence intervals by drawing the observations again with replacement (Efron, 1979).
///
/// The data may consist of several samples, each of which is drawn independently: groups of patients of fixed sizes, or
/// patients and trainings. A sample of a single observation is kept as it is, since it does not show how such
/// observations vary.
public struct Bootstrap: Sendable {
  /// The number of times that the observations are drawn.
  public var resamples: Int
  /// The share of samples in which an interval is to cover the true value.
  public var level: Double
  /// How an interval follows from the resamples.
  public var method: Method
  /// The seed; with equal seeds, intervals are equal to the bit.
  public var seed: UInt64

  /// How an interval follows from the resamples.
  public enum Method: String, Sendable {
    /// BCa: for a statistic of one sample, or of several that differ.
    case biasCorrected = "BCa"
    /// The middle of the resampled statistics: for differences of paired samples. Of percentiles, these jump from case
    /// to case, and the jackknife, which sees one case at a time, makes BCa claim differences where there are none.
    case percentile
  }

  /// Creates a bootstrap.
  public init(resamples: Int = 2000, level: Double = 0.95, method: Method = .biasCorrected, seed: UInt64 = 1) {
    self.resamples = resamples
    self.level = level
    self.method = method
    self.seed = seed
  }

  /// The intervals of several statistics of the same data.
  ///
  /// - Parameters:
  ///   - sizes: The number of observations in each sample.
  ///   - statistics: The statistics, given how often each observation of each sample counts; once each in the observed
  ///     data.
  /// - Returns: For each statistic its value in the observed data and its interval, which is `nil` where
  ///   ``ConfidenceInterval`` has none, and when every sample is a single observation.
  public func estimates(sizes: [Int], _ statistics: ([[Int]]) -> [Double]) -> [Estimate] {
    let observed = sizes.map { Array(repeating: 1, count: $0) }
    let values = statistics(observed)
    let isDrawn = sizes.map { $0 > 1 }
    guard isDrawn.contains(true) else { return values.map { Estimate(value: $0, interval: nil) } }

    var random = CounterRandom(key: [seed, 0xB007])
    var resampled = values.map { _ in [Double]() }
    for _ in 0..<resamples {
      var multiplicities = observed
      for sample in sizes.indices where isDrawn[sample] {
        multiplicities[sample] = Self.drawn(sizes[sample], &random)
      }
      for (index, value) in statistics(multiplicities).enumerated() { resampled[index].append(value) }
    }

    switch method {
    case .percentile:
      return zip(values, resampled).map { value, resampled in
        Estimate(value: value, interval: .percentile(resampled: resampled, level: level))
      }
    case .biasCorrected:
      let jackknife = jackknife(observed, statistics)
      return values.indices.map { index in
        let interval = ConfidenceInterval.biasCorrected(
          estimate: values[index], resampled: resampled[index], jackknife: jackknife.map { $0[index] }, level: level)
        return Estimate(value: values[index], interval: interval)
      }
    }
  }

  /// For each sample of more than one observation and each statistic, the statistic without each of the observations.
  private func jackknife(_ observed: [[Int]], _ statistics: ([[Int]]) -> [Double]) -> [[[Double]]] {
    observed.indices.filter { observed[$0].count > 1 }.map { sample in
      let left = observed[sample].indices.map { observation in
        var multiplicities = observed
        multiplicities[sample][observation] = 0
        return statistics(multiplicities)
      }
      return left[0].indices.map { index in left.map { $0[index] } }
    }
  }

  /// How often each of `count` observations is drawn in `count` draws.
  private static func drawn(_ count: Int, _ random: inout CounterRandom) -> [Int] {
    var multiplicities = Array(repeating: 0, count: count)
    for _ in 0..<count { multiplicities[random.integer(0, count - 1)] += 1 }
    return multiplicities
  }
}

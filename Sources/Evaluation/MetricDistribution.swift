import Statistics

/// The distribution of a metric over cases: not only its mean, but how bad the bad cases are.
///
/// The tail is that of the bad cases: percentiles 25, 10 and 5 where higher is better, and 75, 90 and 95 where
/// lower is better, interpolated linearly. Undefined values (NaN: the label is absent) are counted and otherwise
/// left out. Without any value, all statistics are NaN.
public struct MetricDistribution: Sendable {
  /// Cases with a value.
  public let count: Int
  /// Cases in which the metric is not defined.
  public let undefined: Int
  public let mean: Double
  /// The sample standard deviation, with n − 1; NaN for a single case.
  public let standardDeviation: Double
  public let median: Double
  /// Percentiles towards the bad end: those that bound the worst quarter, tenth and twentieth of the cases.
  public let tail: [(percentile: Int, value: Double)]
  public let worst: Double
  /// The case with the worst value; of several, the first by name.
  public let worstCase: String?

  /// - Parameters:
  ///   - values: One value for each case, NaN where the metric is not defined.
  ///   - isHigherBetter: Which end of the distribution is the bad one.
  public init(_ values: [(name: String, value: Double)], isHigherBetter: Bool) {
    let defined = values.filter { !$0.value.isNaN }
    let sorted = defined.map(\.value).sorted()
    let mean = sorted.reduce(0, +) / Double(sorted.count)
    let squares = sorted.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    let worst = (isHigherBetter ? sorted.first : sorted.last) ?? .nan
    count = sorted.count
    undefined = values.count - sorted.count
    self.mean = mean
    standardDeviation = count > 1 ? (squares / Double(count - 1)).squareRoot() : .nan
    median = Quantile.percentile(50, ofSorted: sorted)
    tail = Self.percentiles(isHigherBetter: isHigherBetter).map {
      ($0, Quantile.percentile(Double($0), ofSorted: sorted))
    }
    self.worst = worst
    worstCase = defined.filter { $0.value == worst }.map(\.name).min()
  }

  /// The percentiles of the bad tail.
  static func percentiles(isHigherBetter: Bool) -> [Int] { isHigherBetter ? [25, 10, 5] : [75, 90, 95] }
}

import Statistics

/// What the scores of some cases amount to, and how certain each figure is.
public struct RobustStatistics: Sendable {
  /// The cases with a score.
  public let count: Int
  /// The cases without one, because neither the reference nor the prediction has the label.
  public let leftOut: Int
  /// The worst score; NaN without cases. It has no interval: a resample is never worse than the data.
  public let worst: Double
  /// The case with the worst score; of several, the first by name.
  public let worstCase: String?
  /// The share of the cases that fail; `nil` when failures are not counted.
  public let failures: Estimate?
  private let estimates: [RobustStatistic: Estimate]

  /// Fewer cases than this say little about others like them.
  public static let handful = 10

  /// Whether these are only a handful of cases, fewer than ten.
  public var saysLittle: Bool { count < Self.handful }

  /// - Parameters:
  ///   - scores: The score of each case, NaN where there is none.
  ///   - isHigherBetter: Whether higher scores are better.
  ///   - failureThreshold: A score worse than this is a failure.
  ///   - bootstrap: Draws the cases.
  init(
    _ scores: [(name: String, value: Double)], isHigherBetter: Bool, failureThreshold: Double?, bootstrap: Bootstrap
  ) {
    let defined = scores.filter { !$0.value.isNaN }
    let ranked = RankedScores(defined.map(\.value), isHigherBetter: isHigherBetter)
    let statistics = RobustStatistic.allCases
    let estimates = bootstrap.estimates(sizes: [defined.count]) { multiplicities in
      let drawn = ranked.worstFirst(multiplicities[0])
      let failures = failureThreshold.map { threshold in
        Double(drawn.count { isHigherBetter ? $0 < threshold : $0 > threshold }) / Double(drawn.count)
      }
      return statistics.map { $0.value(worstFirst: drawn) } + (failures.map { [$0] } ?? [])
    }
    let worst = ranked.worstFirst(defined.map { _ in 1 }).first ?? .nan
    count = defined.count
    leftOut = scores.count - defined.count
    self.worst = worst
    worstCase = defined.filter { $0.value == worst }.map(\.name).min()
    failures = failureThreshold == nil ? nil : estimates.last
    self.estimates = Dictionary(uniqueKeysWithValues: zip(statistics, estimates))
  }

  /// A statistic with its interval.
  public subscript(statistic: RobustStatistic) -> Estimate {
    estimates[statistic] ?? Estimate(value: .nan, interval: nil)
  }
}

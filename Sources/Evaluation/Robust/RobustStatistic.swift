import Statistics

/// A statistic of scores over cases. Tails are those of the bad cases: low scores where higher is better, and high
/// scores where lower is better.
public enum RobustStatistic: CaseIterable, Sendable {
  case mean
  /// The sample standard deviation, with n − 1.
  case standardDeviation
  case median
  /// The distance between the quartiles.
  case interquartileRange
  /// The percentile that bounds the worst 25 % of the cases, interpolated linearly.
  case percentile25
  /// The percentile that bounds the worst 10 % of the cases.
  case percentile10
  /// The percentile that bounds the worst 5 % of the cases.
  case percentile5
  /// The percentile that bounds the worst 1 % of the cases.
  case percentile1
  /// The mean of the worst 25 % of the cases (CVaR).
  case worstQuarter
  /// The mean of the worst 10 % of the cases (CVaR).
  case worstTenth

  /// The name in files: `p10` is the percentile 10 of scores and `p90` that of distances.
  public func key(isHigherBetter: Bool) -> String {
    switch self {
    case .mean: "mean"
    case .standardDeviation: "sd"
    case .median: "median"
    case .interquartileRange: "iqr"
    case .percentile25, .percentile10, .percentile5, .percentile1:
      "p\(isHigherBetter ? percentile : 100 - percentile)"
    case .worstQuarter: "cvar25"
    case .worstTenth: "cvar10"
    }
  }

  /// The name in tables and sentences.
  public func title(isHigherBetter: Bool) -> String {
    switch self {
    case .mean, .median: key(isHigherBetter: isHigherBetter)
    case .standardDeviation: "standard deviation"
    case .interquartileRange: "interquartile range"
    case .percentile25, .percentile10, .percentile5, .percentile1:
      "percentile \(isHigherBetter ? percentile : 100 - percentile)"
    case .worstQuarter: "worst 25 %"
    case .worstTenth: "worst 10 %"
    }
  }

  /// The share of the cases that the statistic rests on: all of them, or the tail of which it is the mean. A percentile
  /// counts as resting on all, because its bootstrap interval is wide enough even where its tail is a few cases.
  var share: Double {
    switch self {
    case .worstQuarter: 0.25
    case .worstTenth: 0.1
    default: 1
    }
  }

  /// Whether the statistic is a distance between scores, which is never negative.
  var isSpread: Bool { self == .standardDeviation || self == .interquartileRange }

  /// The percentile, counted from the worst score.
  private var percentile: Int {
    switch self {
    case .percentile25: 25
    case .percentile10: 10
    case .percentile5: 5
    case .percentile1: 1
    default: 50
    }
  }

  /// The value for scores in order from the worst to the best; NaN when there are none.
  public func value(worstFirst scores: [Double]) -> Double {
    switch self {
    case .mean: SampleMoments.mean(scores)
    case .standardDeviation: SampleMoments.standardDeviation(scores)
    case .interquartileRange:
      abs(Quantile.percentile(75, ofSorted: scores) - Quantile.percentile(25, ofSorted: scores))
    case .median, .percentile25, .percentile10, .percentile5, .percentile1:
      Quantile.percentile(Double(percentile), ofSorted: scores)
    case .worstQuarter: TailMean.cvar(0.25, worstFirst: scores)
    case .worstTenth: TailMean.cvar(0.1, worstFirst: scores)
    }
  }
}

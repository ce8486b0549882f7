/// Wilcoxon's signed-rank test (1945): whether paired differences lie to one side of zero.
///
/// Two-sided, and as `scipy.stats.wilcoxon` does it by default: differences of zero are left out, and equal ones share
/// their mean rank. The p-value is exact for up to 50 differences without zeros and ties and for up to 13 in any case;
/// otherwise it is the normal approximation, with the variance corrected for ties and no correction for continuity.
public struct SignedRankTest: Sendable, Equatable {
  /// The number of differences that are not zero.
  public let count: Int
  /// The sum of the ranks of positive differences.
  public let positiveRankSum: Double
  /// The sum of the ranks of negative differences.
  public let negativeRankSum: Double
  /// Whether the p-value is exact.
  public let isExact: Bool
  /// The two-sided p-value; 1 when no difference is other than zero, where SciPy gives NaN for more than 13 zeros.
  public let pValue: Double

  /// The smaller of the two rank sums, which SciPy calls the statistic.
  public var statistic: Double { min(positiveRankSum, negativeRankSum) }

  /// Tests paired differences, none of which may be NaN.
  public init(_ differences: [Double]) {
    let sorted = differences.filter { $0 != 0 }.sorted { abs($0) < abs($1) }
    // Twice the ranks, which are whole numbers even for ties
    var ranks: [Int] = []
    var tieCorrection = 0.0
    while ranks.count < sorted.count {
      let first = ranks.count
      let equal = sorted[first...].prefix { abs($0) == abs(sorted[first]) }.count
      ranks += Array(repeating: 2 * first + equal + 1, count: equal)
      tieCorrection += Double(equal * equal * equal - equal)
    }
    let positive = zip(sorted, ranks).reduce(0) { $1.0 > 0 ? $0 + $1.1 : $0 }
    let negative = ranks.reduce(0, +) - positive
    let isPlain = sorted.count == differences.count && tieCorrection == 0
    count = sorted.count
    positiveRankSum = Double(positive) / 2
    negativeRankSum = Double(negative) / 2
    isExact = differences.count <= (isPlain ? 50 : 13) || sorted.isEmpty
    pValue =
      isExact
      ? Self.exactPValue(min(positive, negative), ranks)
      : Self.approximatePValue(positiveRankSum, sorted.count, tieCorrection)
  }

  /// Twice the probability that ranks with random signs have a sum of at most `sum`, at most 1.
  private static func exactPValue(_ sum: Int, _ ranks: [Int]) -> Double {
    // ways[s] of the 2^n choices of signs give the sum s. Below 2^53, so every count is exact.
    var ways = Array(repeating: 0.0, count: ranks.reduce(0, +) + 1)
    ways[0] = 1
    for rank in ranks {
      for total in stride(from: ways.count - 1, through: rank, by: -1) { ways[total] += ways[total - rank] }
    }
    let share = ways[...sum].reduce(0, +) / ways.reduce(0, +)
    return min(1, 2 * share)
  }

  private static func approximatePValue(_ sum: Double, _ count: Int, _ tieCorrection: Double) -> Double {
    let n = Double(count)
    let deviation = ((n * (n + 1) * (2 * n + 1) - tieCorrection / 2) / 24).squareRoot()
    return 2 * Normal.cumulative(-abs(sum - n * (n + 1) / 4) / deviation)
  }
}

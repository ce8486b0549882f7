import Statistics

/// Two arms on the same cases, statistic by statistic.
public struct ScoreDifferences: Sendable {
  /// The statistics that are compared.
  public static let statistics: [RobustStatistic] = [
    .mean, .percentile25, .percentile10, .percentile5, .worstQuarter, .worstTenth,
  ]

  /// The number of cases.
  public let count: Int
  private let differences: [PairedDifference]

  /// - Parameters:
  ///   - baseline: The scores of each training of the baseline; NaN where there is none, for the same cases in all.
  ///   - arm: The scores of each training of the other arm.
  ///   - isHigherBetter: Whether higher scores are better.
  ///   - bootstrap: Draws cases and trainings.
  init(baseline: [[Double]], arm: [[Double]], isHigherBetter: Bool, bootstrap: Bootstrap) {
    func ranked(_ runs: [[Double]]) -> [RankedScores] {
      runs.map { RankedScores($0.filter { !$0.isNaN }, isHigherBetter: isHigherBetter) }
    }
    let (rankedBaseline, rankedArm) = (ranked(baseline), ranked(arm))
    let count = baseline[0].count { !$0.isNaN }
    self.count = count
    differences = PairedDifference.all(
      sizes: [count], support: Self.statistics.map { Int($0.share * Double(count)) },
      runs: (baseline.count, arm.count), bootstrap: bootstrap
    ) { isArm, run, cases in
      let drawn = (isArm ? rankedArm : rankedBaseline)[run].worstFirst(cases[0])
      return Self.statistics.map { $0.value(worstFirst: drawn) }
    }
  }

  /// The difference of one of ``statistics``; `nil` for another statistic.
  public subscript(statistic: RobustStatistic) -> PairedDifference? {
    Self.statistics.firstIndex(of: statistic).map { differences[$0] }
  }

  /// Whether these are only a handful of cases, fewer than ten.
  public var saysLittle: Bool { count < RobustStatistics.handful }
}

import Statistics

/// What the scores of some cases amount to, and how certain each figure is.
///
/// Of several trainings of a method, a statistic is its mean over them, and intervals come from drawing cases and
/// trainings together.
public struct RobustStatistics: Sendable {
  /// The cases with a score.
  public let count: Int
  /// The cases without one, because neither the reference nor the prediction has the label.
  public let leftOut: Int
  /// The worst score, of several trainings the worst mean of a case; NaN without cases. It has no interval: a resample
  /// is never worse than the data.
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
  ///   - names: The names of the cases.
  ///   - trainings: For each training the score of each case, NaN where there is none.
  ///   - isHigherBetter: Whether higher scores are better.
  ///   - failureThreshold: A score worse than this is a failure.
  ///   - bootstrap: Draws the cases and the trainings.
  init(
    _ names: [String], _ trainings: [[Double]], isHigherBetter: Bool, failureThreshold: Double?, bootstrap: Bootstrap
  ) {
    let defined = names.indices.filter { index in trainings.allSatisfy { !$0[index].isNaN } }
    let scores = trainings.map { scores in defined.map { scores[$0] } }
    let ranked = scores.map { RankedScores($0, isHigherBetter: isHigherBetter) }
    let statistics = RobustStatistic.allCases
    let mean = TrainingMean(
      trainings: trainings.count, degreesOfFreedom: trainings.count - 1, level: bootstrap.level)
    let estimates = bootstrap.estimates(sizes: [defined.count, trainings.count]) { multiplicities in
      let figures = mean(multiplicities[1], count: statistics.count + (failureThreshold == nil ? 0 : 1)) { training in
        let drawn = ranked[training].worstFirst(multiplicities[0])
        let failures = failureThreshold.map { threshold in
          Double(drawn.count { isHigherBetter ? $0 < threshold : $0 > threshold }) / Double(drawn.count)
        }
        return statistics.map { $0.value(worstFirst: drawn) } + (failures.map { [$0] } ?? [])
      }
      return trainings.count > 1 ? Self.possible(figures) : figures
    }
    let means = LabelDifference.overRuns(scores)
    let worst = (isHigherBetter ? means.min() : means.max()) ?? .nan
    count = defined.count
    leftOut = names.count - defined.count
    self.worst = worst
    worstCase = zip(defined, means).filter { $0.1 == worst }.map { names[$0.0] }.min()
    failures = failureThreshold == nil ? nil : estimates.last
    self.estimates = Dictionary(uniqueKeysWithValues: zip(statistics, estimates))
  }

  /// Figures of a resample without negative spreads and shares, to which the stretched distance of a few trainings
  /// could lead.
  private static func possible(_ figures: [Double]) -> [Double] {
    figures.enumerated().map { index, figure in
      guard index < RobustStatistic.allCases.count else { return min(max(figure, 0), 1) }
      return RobustStatistic.allCases[index].isSpread ? max(figure, 0) : figure
    }
  }

  /// A statistic with its interval.
  public subscript(statistic: RobustStatistic) -> Estimate {
    estimates[statistic] ?? Estimate(value: .nan, interval: nil)
  }
}

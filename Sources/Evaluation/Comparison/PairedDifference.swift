import Statistics

/// A statistic of two arms, and the difference between them.
public struct PairedDifference: Sendable {
  /// The statistic of the arm that is compared with.
  public let baseline: Double
  /// The statistic of the other arm.
  public let arm: Double
  /// The other arm's minus the baseline's.
  public let difference: Estimate
  /// The number of cases that the figure rests on: those of the group, or those in the tail of which it is the mean.
  public let support: Int

  /// What the interval says about the arm.
  public enum Outcome: String, Sendable {
    case better, worse
    /// The interval includes 0, or there is none.
    case open
    /// The figure rests on a handful of cases, from which no interval is reliable.
    case tooFew = "too few"
  }

  /// What the interval says: better or worse only where it does not include 0 and rests on ten cases or more.
  public func outcome(isHigherBetter: Bool) -> Outcome {
    guard support >= RobustStatistics.handful else { return .tooFew }
    guard let interval = difference.interval else { return .open }
    if interval.lower > 0 { return isHigherBetter ? .better : .worse }
    if interval.upper < 0 { return isHigherBetter ? .worse : .better }
    return .open
  }

  /// Differences of several statistics, which share their resamples.
  ///
  /// - Parameters:
  ///   - sizes: The number of cases in each independent sample of cases.
  ///   - support: The number of cases that each statistic rests on.
  ///   - runs: The number of the baseline's and of the arm's trainings.
  ///   - bootstrap: Draws cases and trainings together.
  ///   - statistics: The statistics of one training of the baseline (`false`) or the arm (`true`), given how often each
  ///     case of each sample counts.
  static func all(
    sizes: [Int], support: [Int], runs: (baseline: Int, arm: Int), bootstrap: Bootstrap,
    _ statistics: (_ isArm: Bool, _ run: Int, _ cases: ArraySlice<[Int]>) -> [Double]
  ) -> [PairedDifference] {
    let (baselineMean, armMean) = (
      TrainingMean(
        trainings: runs.baseline, degreesOfFreedom: runs.baseline + runs.arm - 2, level: bootstrap.level),
      TrainingMean(trainings: runs.arm, degreesOfFreedom: runs.baseline + runs.arm - 2, level: bootstrap.level)
    )
    func means(_ isArm: Bool, _ cases: ArraySlice<[Int]>, _ multiplicities: [Int]) -> [Double] {
      (isArm ? armMean : baselineMean)(multiplicities, count: support.count) { statistics(isArm, $0, cases) }
    }
    let observed = sizes.map { Array(repeating: 1, count: $0) }[...]
    let baseline = means(false, observed, Array(repeating: 1, count: runs.baseline))
    let arm = means(true, observed, Array(repeating: 1, count: runs.arm))
    let estimates = bootstrap.estimates(sizes: sizes + [runs.baseline, runs.arm]) { multiplicities in
      let cases = multiplicities[..<sizes.count]
      let baseline = means(false, cases, multiplicities[sizes.count])
      let arm = means(true, cases, multiplicities[sizes.count + 1])
      return zip(arm, baseline).map { $0 - $1 }
    }
    return baseline.indices.map {
      PairedDifference(baseline: baseline[$0], arm: arm[$0], difference: estimates[$0], support: support[$0])
    }
  }
}

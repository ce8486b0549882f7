import Statistics

/// Two arms on one label, or on each case's mean over the labels.
public struct LabelDifference: Sendable {
  /// The name of the label.
  public let label: String
  /// Over all cases.
  public let all: ScoreDifferences
  /// Over the cases of each group.
  public let groups: [(name: String, differences: ScoreDifferences)]
  /// The mean of the group with the worst mean, which may be another group in each arm; `nil` with fewer than two
  /// groups.
  public let worstGroup: PairedDifference?
  /// Each arm's group with the worst mean.
  public let worstGroupNames: (baseline: String, arm: String)?
  /// The names of these groups, one where both are the same.
  package var worstGroupTitle: String? {
    worstGroupNames.map { $0.baseline == $0.arm ? $0.arm : "\($0.baseline), \($0.arm)" }
  }
  /// Whether the arms' scores of the cases, averaged over trainings, lie to one side of each other.
  public let test: SignedRankTest
  /// The test's p-value, corrected for the number of labels.
  public internal(set) var correctedPValue: Double

  /// - Parameters:
  ///   - label: The name of the label.
  ///   - baseline: The scores of each training of the baseline.
  ///   - arm: The scores of each training of the other arm.
  ///   - groups: The positions of the cases of each group.
  ///   - isHigherBetter: Whether higher scores are better.
  ///   - bootstrap: Draws cases and trainings.
  init(
    _ label: String, baseline: [[Double]], arm: [[Double]], groups: [(name: String, cases: [Int])],
    isHigherBetter: Bool, bootstrap: Bootstrap
  ) {
    func differences(_ cases: [Int]) -> ScoreDifferences {
      func scores(_ runs: [[Double]]) -> [[Double]] { runs.map { run in cases.map { run[$0] } } }
      return ScoreDifferences(
        baseline: scores(baseline), arm: scores(arm), isHigherBetter: isHigherBetter, bootstrap: bootstrap)
    }
    let isScored = baseline[0].map { !$0.isNaN }
    self.label = label
    all = differences(Array(baseline[0].indices))
    self.groups = groups.map { ($0.name, differences($0.cases)) }

    let scored = groups.map { (name: $0.name, cases: $0.cases.filter { isScored[$0] }) }.filter { !$0.cases.isEmpty }
    if scored.count > 1 {
      func worst(_ runs: [[Double]]) -> (name: String, cases: [Int]) {
        let means = scored.map { group in
          SampleMoments.mean(runs.flatMap { run in group.cases.map { run[$0] } }) * (isHigherBetter ? 1 : -1)
        }
        return scored[means.indices.min { means[$0] < means[$1] } ?? 0]
      }
      let (worstOfBaseline, worstOfArm) = (worst(baseline), worst(arm))
      worstGroupNames = (worstOfBaseline.name, worstOfArm.name)
      worstGroup =
        PairedDifference.all(
          sizes: scored.map(\.cases.count), support: [min(worstOfBaseline.cases.count, worstOfArm.cases.count)],
          runs: (baseline.count, arm.count), bootstrap: bootstrap
        ) { isArm, run, cases in
          let scores = (isArm ? arm : baseline)[run]
          let means = zip(scored, cases).map { group, counts in
            GroupGap.mean(group.cases.map { scores[$0] }, counts)
          }
          return [(isHigherBetter ? means.min() : means.max()) ?? .nan]
        }[0]
    } else {
      worstGroup = nil
      worstGroupNames = nil
    }
    let pairs = zip(Self.overRuns(baseline), Self.overRuns(arm))
    test = SignedRankTest(pairs.map { $1 - $0 }.filter { !$0.isNaN })
    correctedPValue = test.pValue
  }

  /// Each case's mean score over the trainings.
  static func overRuns(_ runs: [[Double]]) -> [Double] {
    runs[0].indices.map { index in SampleMoments.mean(runs.map { $0[index] }) }
  }
}

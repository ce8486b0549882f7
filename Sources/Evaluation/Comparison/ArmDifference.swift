import Statistics

/// An arm compared with the baseline.
public struct ArmDifference: Sendable {
  /// A case's mean scores over the trainings of both arms.
  public struct Case: Sendable {
    /// The name of the case.
    public let name: String
    /// The group of the case, if it has one.
    public let group: String?
    /// The score in the baseline.
    public let baseline: Double
    /// The score in the other arm.
    public let arm: Double
    /// The other arm's minus the baseline's.
    public var difference: Double { arm - baseline }
  }

  /// The name of the arm that is compared with.
  public let baseline: String
  /// The name of the other arm.
  public let arm: String
  /// The cases' mean over the labels first, where there are several labels; then each label.
  public let labels: [LabelDifference]
  /// The scores of the first of `labels`, from the case that gained most to the one that lost most.
  public let cases: [Case]
  /// What the figures support, in one sentence.
  public let verdict: String

  private let isHigherBetter: Bool

  /// The cases that gained, those that gained most first.
  package var gained: ArraySlice<Case> { cases.prefix { isHigherBetter ? $0.difference > 0 : $0.difference < 0 } }
  /// The cases that lost, those that lost most first.
  package var lost: [Case] {
    cases.reversed().prefix { isHigherBetter ? $0.difference < 0 : $0.difference > 0 }
  }

  /// - Parameters:
  ///   - baseline: The arm that is compared with.
  ///   - arm: The other arm, with scores of the same cases and labels.
  ///   - bootstrap: Draws cases and trainings.
  init(baseline: ComparisonArm, arm: ComparisonArm, bootstrap: Bootstrap) {
    let table = baseline.runs[0]
    let grouping = table.groupings.first
    let groups = (grouping?.names ?? []).map { group in
      (name: group, cases: table.caseNames.indices.filter { grouping?.groups[table.caseNames[$0]] == group })
    }
    let (baselineRows, armRows) = (baseline.runs.map(\.rows), arm.runs.map(\.rows))
    var labels = table.rows.indices.map { row in
      LabelDifference(
        table.rows[row].name, baseline: baselineRows.map { $0[row].values }, arm: armRows.map { $0[row].values },
        groups: groups, isHigherBetter: table.isHigherBetter, bootstrap: bootstrap)
    }
    // The mean over the labels is one question of its own; only the labels are many.
    let tested = labels.indices.suffix(table.labels.count)
    for (index, pValue) in zip(tested, Holm.corrected(tested.map { labels[$0].test.pValue })) {
      labels[index].correctedPValue = pValue
    }
    let scores = zip(
      LabelDifference.overRuns(baselineRows.map { $0[0].values }),
      LabelDifference.overRuns(armRows.map { $0[0].values }))
    let cases = zip(table.caseNames, scores).map { name, scores in
      Case(name: name, group: grouping?.groups[name], baseline: scores.0, arm: scores.1)
    }.filter { !$0.difference.isNaN }
    self.baseline = baseline.name
    self.arm = arm.name
    self.labels = labels
    isHigherBetter = table.isHigherBetter
    self.cases = cases.sorted { table.isHigherBetter ? $0.difference > $1.difference : $0.difference < $1.difference }
    verdict = Verdict.sentence(
      labels[0], baseline: baseline.name, arm: arm.name, isHigherBetter: table.isHigherBetter)
  }
}

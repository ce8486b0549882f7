import Files
import Statistics

/// Arms compared with the first of them, paired by case.
///
/// A statistic of an arm with several trainings is its mean over them. Intervals come from drawing again, together, the
/// cases, which are the same in both arms, and each arm's trainings. They cover the choice of patients and the luck of
/// a training, also where two or three trainings are all there is; with one training, only the choice of patients.
///
/// A label of a case is compared where every training of every arm has a score. The others are counted in `leftOut`.
public struct Comparison: Sendable {
  /// The name of the score.
  public let score: String
  /// Whether higher scores are better.
  public let isHigherBetter: Bool
  /// The decimals with which scores are shown.
  package let decimals: Int
  /// The names of the cases in order.
  public let caseNames: [String]
  /// The attribute by which groups are told apart, if there is one.
  public let grouping: ScoreTable.Grouping?
  /// Each arm's name and number of trainings; the first is the baseline.
  public let arms: [(name: String, runs: Int)]
  /// For each label, the number of cases in which it is not compared.
  public let leftOut: [(label: String, count: Int)]
  /// Each arm after the first, compared with the first.
  public let differences: [ArmDifference]
  /// How intervals were computed.
  public let bootstrap: Bootstrap

  /// Compares arms.
  ///
  /// - Parameters:
  ///   - arms: At least two; the first is the one that the others are compared with.
  ///   - bootstrap: How intervals are computed.
  /// - Throws: `InputError` when there are fewer than two arms, when two have the same name, or when trainings were not
  ///   scored on the same cases and labels.
  public init(_ arms: [ComparisonArm], bootstrap: Bootstrap = Bootstrap(method: .percentile)) throws {
    guard arms.count > 1 else {
      throw InputError(
        "the arms", found: arms.map(\.name).joined(separator: ", "), expected: "two arms or more to compare")
    }
    let arms = try ComparisonArm.aligned(arms)
    let reference = arms[0].runs[0]
    let common = Self.common(arms)
    score = reference.score
    isHigherBetter = reference.isHigherBetter
    decimals = arms.map { $0.runs.map(\.decimals).min() ?? 3 }.min() ?? 3
    caseNames = reference.caseNames
    grouping = reference.groupings.first
    self.arms = arms.map { ($0.name, $0.runs.count) }
    leftOut = zip(reference.labels, common[0].runs[0].values).map { ($0, $1.count(where: \.isNaN)) }
    self.bootstrap = bootstrap
    differences = common.dropFirst().map { ArmDifference(baseline: common[0], arm: $0, bootstrap: bootstrap) }
  }

  /// What the figures support, in one sentence for each arm after the first.
  public var verdicts: [String] { differences.map(\.verdict) }

  /// The comparison for the terminal, at most 100 columns wide, the verdict after about ten lines.
  public func text() -> String { ComparisonText.text(self) }

  /// Everything that was compared as JSON, with the scores of each case.
  public func json() -> JSON { ComparisonFile.json(self) }

  /// What the reader has to know of the comparison: trainings, cases without a group, and scores that are missing.
  package var notes: [String] {
    var notes: [String] = []
    let single = arms.filter { $0.runs == 1 }.map(\.name)
    if !single.isEmpty {
      let names = single.count == arms.count ? "each" : "of \(single.joined(separator: ", "))"
      notes.append("One training \(names): the intervals cover the choice of patients, not the luck of a training.")
    }
    if let note = grouping?.noteOnOthers(among: caseNames) { notes.append(note) }
    let leftOut = leftOut.filter { $0.count > 0 }.map { "\($0.label) in \($0.count)" }
    if !leftOut.isEmpty {
      notes.append("Not compared, because some training has no score there: \(leftOut.joined(separator: ", ")) cases.")
    }
    return notes
  }

  /// The arms with scores only where all trainings of all arms have one.
  private static func common(_ arms: [ComparisonArm]) -> [ComparisonArm] {
    var tables = ScoreTable.common(arms.flatMap(\.runs))[...]
    return arms.map { arm in
      defer { tables = tables.dropFirst(arm.runs.count) }
      return ComparisonArm(name: arm.name, runs: Array(tables.prefix(arm.runs.count)))
    }
  }
}

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
  let decimals: Int
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
    guard arms.count > 1, Set(arms.map(\.name)).count == arms.count else {
      throw InputError(
        "compare", found: "the arms \(arms.map(\.name).joined(separator: ", "))", expected: "two arms or more",
        advice: "Arms of the same name are told apart by NAME=PATH.")
    }
    let reference = arms[0].runs[0]
    for arm in arms { for run in arm.runs { try Self.check(run, arm.name, against: reference, arms[0].name) } }
    let common = Self.common(arms, reference)
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

  private static func check(
    _ run: ScoreTable, _ arm: String, against reference: ScoreTable, _ baseline: String
  ) throws {
    func compare(_ found: [String], _ expected: [String], _ what: String) throws {
      let missing = Set(expected).subtracting(found).sorted()
      let surplus = Set(found).subtracting(expected).sorted()
      guard missing.isEmpty, surplus.isEmpty else {
        let (name, names) = missing.isEmpty ? (baseline, surplus) : (arm, missing)
        let list = names.prefix(10).joined(separator: ", ") + (names.count > 10 ? ", …" : "")
        throw InputError(
          name, found: "no score for \(names.count) \(what): \(list)", expected: "the same \(what) in all arms")
      }
    }
    try compare(run.caseNames, reference.caseNames, "cases")
    try compare(run.labels, reference.labels, "labels")
  }

  /// The arms with labels in the order of the reference, and scores only where all trainings have one.
  private static func common(_ arms: [ComparisonArm], _ reference: ScoreTable) -> [ComparisonArm] {
    let ordered = arms.map { arm in
      arm.runs.map { run in reference.labels.map { run.values[run.labels.firstIndex(of: $0) ?? 0] } }
    }
    let tables = ordered.flatMap { $0 }
    let isScored = reference.labels.indices.map { label in
      reference.caseNames.indices.map { index in tables.allSatisfy { !$0[label][index].isNaN } }
    }
    return zip(arms, ordered).map { arm, runs in
      ComparisonArm(
        name: arm.name,
        runs: runs.map { values in
          var table = reference
          table.values = zip(values, isScored).map { zip($0, $1).map { $1 ? $0 : .nan } }
          return table
        })
    }
  }
}

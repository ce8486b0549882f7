import Evaluation
import Statistics

/// One score of all methods: what tables and charts are made of.
///
/// Of a method with several trainings, the score of a case is its mean over them.
struct ReportScore {
  /// What a score is about: a label, or the mean over the labels.
  struct Target {
    let name: String
    /// The position among the rows of a table of scores.
    let row: Int
  }

  /// The cases of one group.
  struct Group {
    let name: String
    /// Positions among the cases.
    let cases: [Int]
  }

  /// The methods, with the cases and labels in the same order.
  let arms: [ComparisonArm]
  /// The robust statistics of each method.
  let summaries: [RobustSummary.Score]
  /// The methods compared with the first; `nil` for one method.
  let comparison: Comparison?
  /// The mean of the labels, if there is more than one label, and each label.
  let targets: [Target]
  /// For each method and target the score of each case.
  private let values: [[[Double]]]

  /// - Parameters:
  ///   - arms: At least one method, with the cases and labels in the same order in all trainings.
  ///   - summaries: The robust statistics of each method.
  ///   - resamples: How often cases and trainings are drawn for the intervals of differences.
  /// - Throws: `InputError` when the methods cannot be compared.
  init(_ arms: [ComparisonArm], _ summaries: [RobustSummary.Score], resamples: Int) throws {
    self.arms = arms
    self.summaries = summaries
    let bootstrap = Bootstrap(resamples: resamples, method: .percentile)
    comparison = arms.count > 1 ? try Comparison(arms, bootstrap: bootstrap) : nil
    let rows = summaries.map(\.table.rows)
    targets = rows[0].enumerated().map { Target(name: $1.name, row: $0) }
    values = rows.map { $0.map(\.values) }
  }

  private var table: ScoreTable { summaries[0].table }
  var name: String { table.score }
  var isHigherBetter: Bool { table.isHigherBetter }
  var caseNames: [String] { table.caseNames }
  var groupings: [ScoreTable.Grouping] { table.groupings }
  var decimals: Int { summaries.map(\.table.decimals).min() ?? 3 }

  /// The name with the unit: our distances are in mm.
  var title: String { Metric(rawValue: name)?.isHigherBetter == false ? name + " (mm)" : name }

  /// The score of each case under a method; NaN where there is none.
  func scores(_ target: Target, of arm: Int) -> [Double] { values[arm][target.row] }

  /// The cases by the first grouping, which also decides the colors; without one, all as one group without a name.
  var groups: [Group] {
    guard let grouping = groupings.first else { return [Group(name: "", cases: Array(caseNames.indices))] }
    let members = Dictionary(grouping: caseNames.indices) { grouping.groups[caseNames[$0]] }
    let named = grouping.names.map { Group(name: $0, cases: members[$0] ?? []) }
    return named + (members[nil].map { [Group(name: "no \(grouping.column)", cases: $0)] } ?? [])
  }

  /// The cases with the worst score in any method, worst first.
  func worst(_ count: Int) -> [Int] {
    let direction = isHigherBetter ? 1.0 : -1.0
    let ranked = caseNames.indices.compactMap { index -> (value: Double, index: Int)? in
      let found = arms.indices.map { direction * scores(targets[0], of: $0)[index] }
      return found.filter { !$0.isNaN }.min().map { ($0, index) }
    }
    return ranked.sorted { ($0.value, $0.index) < ($1.value, $1.index) }.prefix(count).map(\.index)
  }
}

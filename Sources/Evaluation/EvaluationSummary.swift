import Datasets
import Foundation

/// The result of an evaluation: the metrics of every case, and their distribution over all cases and over groups.
public struct EvaluationSummary: Sendable {
  public let targets: [EvaluationTarget]
  /// In order of their names.
  public let cases: [CaseEvaluation]
  /// The table of groups, if there is one.
  public let groups: CaseTable?

  public init(targets: [EvaluationTarget], cases: [CaseEvaluation], groups: CaseTable? = nil) {
    self.targets = targets
    self.cases = cases.sorted { $0.name < $1.name }
    self.groups = groups
  }

  /// The cases of each group in a column of the table, in order of the groups' names. Cases without an entry are left
  /// out.
  public func subgroups(_ column: String) -> [(name: String, cases: [CaseEvaluation])] {
    let members = Dictionary(grouping: cases) { groups?.value(column, of: $0.name) }
    return members.compactMap { name, cases in name.map { ($0, cases) } }.sorted { $0.0 < $1.0 }
  }

  /// The distribution of a metric over cases.
  ///
  /// - Parameters:
  ///   - metric: The metric.
  ///   - target: A position in `targets`, or `nil` for each case's mean over its targets.
  ///   - cases: All cases when left out.
  public func distribution(_ metric: Metric, of target: Int?, in cases: [CaseEvaluation]? = nil) -> MetricDistribution {
    let values = (cases ?? self.cases).map { item in
      (name: item.name, value: target.map { item.metrics[$0][metric] } ?? item.mean(metric))
    }
    return MetricDistribution(values, isHigherBetter: metric.isHigherBetter)
  }

  /// Writes `summary.json`, in nnU-Net's schema with additions, and `cases.csv`, one row for each case and target.
  ///
  /// - Throws: `InputError` when the folder cannot be written.
  public func write(to folder: URL) throws {
    try SummaryFile.write(self, to: folder.appendingPathComponent("summary.json"))
    try CasesFile.write(self, to: folder.appendingPathComponent("cases.csv"))
  }

  /// Tables for the terminal: Dice and HD95, over all cases and for each group, by the convention of ``ScoreTable``.
  public func tables() -> String { RobustSummary(self, metrics: [.dice, .hausdorff95]).tables() }
}

import Datasets
import Foundation

/// What an evaluation found: every case, and statistics over all of them and over subgroups.
public struct EvaluationSummary: Sendable {
  public let targets: [EvaluationTarget]
  /// In order of their names.
  public let cases: [CaseEvaluation]
  /// The subgroups, when there is a table of them.
  public let groups: CaseTable?

  public init(targets: [EvaluationTarget], cases: [CaseEvaluation], groups: CaseTable? = nil) {
    self.targets = targets
    self.cases = cases.sorted { $0.name < $1.name }
    self.groups = groups
  }

  /// The subgroups of a column of the table, in order of their names; cases of which it says nothing are in none.
  public func subgroups(_ column: String) -> [(name: String, cases: [CaseEvaluation])] {
    let members = Dictionary(grouping: cases) { groups?.value(column, of: $0.name) }
    return members.compactMap { name, cases in name.map { ($0, cases) } }.sorted { $0.0 < $1.0 }
  }

  /// A metric's statistics over cases.
  ///
  /// - Parameters:
  ///   - target: a position in `targets`; `nil` for each case's mean over its targets.
  ///   - cases: all when left out.
  public func robustness(_ metric: Metric, of target: Int?, in cases: [CaseEvaluation]? = nil) -> MetricDistribution {
    let values = (cases ?? self.cases).map { item in
      (name: item.name, value: target.map { item.metrics[$0][metric] } ?? item.mean(metric))
    }
    return MetricDistribution(values, isHigherBetter: metric.isHigherBetter)
  }

  /// Writes `summary.json`, in nnU-Net's schema with additions, and `cases.csv`, a line a case and target.
  ///
  /// - Throws: `InputError` when the folder cannot be written.
  public func write(to folder: URL) throws {
    try SummaryFile.write(self, to: folder.appendingPathComponent("summary.json"))
    try CasesFile.write(self, to: folder.appendingPathComponent("cases.csv"))
  }

  /// Tables for the terminal: Dice and HD95, over all cases and by subgroup.
  public func tables() -> String { DistributionTable.text(of: self) }
}

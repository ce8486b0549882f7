import Files
import Foundation
import Statistics

/// What an evaluation says about the cases on which a network fails: robust statistics with intervals for each score,
/// label and group.
public struct RobustSummary: Sendable {
  /// The statistics of a label, or of each case's mean over the labels.
  public struct Row: Sendable {
    /// The name of the label.
    public let label: String
    /// Over all cases.
    public let all: RobustStatistics
    /// Over the cases of each group, for each grouping of the table.
    public let groups: [[(name: String, statistics: RobustStatistics)]]
    /// For each grouping, the worst group; `nil` with fewer than two groups.
    public let gaps: [GroupGap?]
  }

  /// A score with the statistics of its rows.
  public struct Score: Sendable {
    /// The scores that were summarized.
    public let table: ScoreTable
    /// One for each row of the table.
    public let rows: [Row]
  }

  /// A Dice score below this is a failure, unless another threshold is given.
  public static let failureThreshold = 0.5

  /// One for each table.
  public let scores: [Score]
  /// How intervals were computed.
  public let bootstrap: Bootstrap

  /// Summarizes scores.
  public init(_ tables: [ScoreTable], bootstrap: Bootstrap = Bootstrap()) {
    self.bootstrap = bootstrap
    scores = tables.map { table in
      Score(table: table, rows: table.rows.map { Self.row($0.name, $0.values, table, bootstrap) })
    }
  }

  /// Summarizes metrics of an evaluation.
  ///
  /// - Parameters:
  ///   - summary: The evaluation.
  ///   - metrics: The metrics to summarize.
  ///   - failureThreshold: A Dice score below this is a failure.
  ///   - bootstrap: How intervals are computed.
  public init(
    _ summary: EvaluationSummary, metrics: [Metric] = Metric.allCases, failureThreshold: Double = failureThreshold,
    bootstrap: Bootstrap = Bootstrap()
  ) {
    let tables = metrics.map { metric in
      var table = ScoreTable(summary, metric: metric)
      table.failureThreshold = metric == .dice ? failureThreshold : nil
      return table
    }
    self.init(tables, bootstrap: bootstrap)
  }

  /// Writes `robust.json` and `robust.csv`.
  ///
  /// - Throws: `InputError` when the folder cannot be written.
  public func write(to folder: URL) throws {
    try AtomicFile.replace(folder.appendingPathComponent("robust.json"), with: RobustFile.json(self).text)
    try AtomicFile.replace(folder.appendingPathComponent("robust.csv"), with: RobustFile.csv(self))
  }

  /// Tables for the terminal, at most 100 columns wide.
  ///
  /// - Parameter metrics: The metrics to show; all scores when left out.
  public func tables(_ metrics: [Metric]? = nil) -> String {
    let shown = scores.filter { score in metrics?.contains { $0.rawValue == score.table.score } ?? true }
    return shown.map { RobustTable.text($0) }.joined(separator: "\n")
  }

  private static func row(
    _ label: String, _ values: [Double], _ table: ScoreTable, _ bootstrap: Bootstrap
  ) -> Row {
    let scores = zip(table.caseNames, values).map { (name: $0, value: $1) }
    func statistics(_ scores: [(name: String, value: Double)]) -> RobustStatistics {
      RobustStatistics(
        scores, isHigherBetter: table.isHigherBetter, failureThreshold: table.failureThreshold, bootstrap: bootstrap)
    }
    let members = table.groupings.map { grouping in
      grouping.names.map { group in (name: group, scores: scores.filter { grouping.groups[$0.name] == group }) }
    }
    return Row(
      label: label, all: statistics(scores),
      groups: members.map { $0.map { ($0.name, statistics($0.scores)) } },
      gaps: members.map { groups in
        let defined = groups.map { ($0.name, $0.scores.map(\.value).filter { !$0.isNaN }) }
        return GroupGap(
          defined.filter { !$0.1.isEmpty }, isHigherBetter: table.isHigherBetter, bootstrap: bootstrap)
      })
  }
}

import Files
import Foundation
import Statistics

/// What an evaluation says about the cases on which a network fails: robust statistics with intervals for each score,
/// label and group.
///
/// Scores may come from several trainings of a method. A statistic is then its mean over the trainings, and a case is
/// left out where one of them has no score.
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
    /// The scores that were summarized; of several trainings, each case's mean over them.
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
    self.init(trainings: tables.map { [$0] }, bootstrap: bootstrap)
  }

  /// Summarizes the scores of several trainings of a method.
  ///
  /// - Parameters:
  ///   - trainings: For each score the tables of the trainings, all of the same cases and labels in the same order.
  ///   - bootstrap: How intervals are computed; those of several trainings by the percentile method, since the distance
  ///     of a few trainings is stretched, for which there is no jackknife.
  public init(trainings: [[ScoreTable]], bootstrap: Bootstrap = Bootstrap()) {
    var bootstrap = bootstrap
    if trainings.contains(where: { $0.count > 1 }) { bootstrap.method = .percentile }
    self.bootstrap = bootstrap
    scores = trainings.map { [bootstrap] tables in
      let table = ScoreTable.mean(tables)
      let rows = ScoreTable.common(tables).map(\.rows)
      return Score(
        table: table,
        rows: rows[0].indices.map { index in
          Self.row(rows[0][index].name, rows.map { $0[index].values }, table, bootstrap)
        })
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
    try AtomicFile.replace(folder.appendingPathComponent("robust.json"), with: json().text)
    try AtomicFile.replace(
      folder.appendingPathComponent("robust.csv"), with: CSV.text([RobustFile.columns] + RobustFile.rows(self)))
  }

  /// Every figure as JSON, as in `robust.json`.
  public func json() -> JSON { RobustFile.json(self) }

  /// Tables for the terminal, at most 100 columns wide.
  ///
  /// - Parameter metrics: The metrics to show; all scores when left out.
  public func tables(_ metrics: [Metric]? = nil) -> String {
    let shown = scores.filter { score in metrics?.contains { $0.rawValue == score.table.score } ?? true }
    return shown.map { RobustTable.text($0) }.joined(separator: "\n")
  }

  /// - Parameter trainings: For each training the score of each case.
  private static func row(
    _ label: String, _ trainings: [[Double]], _ table: ScoreTable, _ bootstrap: Bootstrap
  ) -> Row {
    func statistics(_ cases: [Int]) -> RobustStatistics {
      RobustStatistics(
        cases.map { table.caseNames[$0] }, trainings.map { scores in cases.map { scores[$0] } },
        isHigherBetter: table.isHigherBetter, failureThreshold: table.failureThreshold, bootstrap: bootstrap)
    }
    let members = table.groupings.map { grouping in
      grouping.names.map { group in
        (name: group, cases: table.caseNames.indices.filter { grouping.groups[table.caseNames[$0]] == group })
      }
    }
    return Row(
      label: label, all: statistics(Array(table.caseNames.indices)),
      groups: members.map { $0.map { ($0.name, statistics($0.cases)) } },
      gaps: members.map { groups in
        let defined = groups.map { group in
          (name: group.name, scores: trainings.map { scores in group.cases.map { scores[$0] }.filter { !$0.isNaN } })
        }
        return GroupGap(
          defined.filter { !$0.scores[0].isEmpty }, isHigherBetter: table.isHigherBetter, bootstrap: bootstrap)
      })
  }
}

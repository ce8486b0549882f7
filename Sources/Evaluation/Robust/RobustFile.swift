import Files
import Statistics

/// `robust.json` and `robust.csv`.
package enum RobustFile {
  /// Statistics as an object for each score, with all cases, each group, and the worst group of each grouping.
  static func json(_ summary: RobustSummary) -> JSON {
    .object(
      JSONObject([
        ("bootstrap", json(summary.bootstrap)),
        ("scores", .object(JSONObject(summary.scores.map { ($0.table.score, json($0)) }))),
      ]))
  }

  /// The columns of `robust.csv`.
  package static let columns = [
    "score", "label", "column", "group", "n", "left_out", "statistic", "value", "lower", "upper", "case",
  ]

  /// One row for each statistic, without the header.
  package static func rows(_ summary: RobustSummary) -> [[String]] {
    var lines: [[String]] = []
    for score in summary.scores {
      for row in score.rows {
        func add(_ statistics: RobustStatistics, _ column: String, _ group: String) {
          let head = [score.table.score, row.label, column, group, "\(statistics.count)", "\(statistics.leftOut)"]
          for (name, estimate) in figures(statistics, score.table) { lines.append(head + [name] + cells(estimate)) }
          let worst = Estimate(value: statistics.worst, interval: nil)
          lines.append(head + ["worst"] + cells(worst).dropLast() + [statistics.worstCase ?? ""])
        }
        add(row.all, "", "")
        for (grouping, groups) in zip(score.table.groupings, row.groups) {
          for group in groups { add(group.statistics, grouping.column, group.name) }
        }
        for (grouping, gap) in zip(score.table.groupings, row.gaps) {
          guard let gap else { continue }
          let head = [score.table.score, row.label, grouping.column]
          lines.append(head + [gap.worstGroup, "", "", "worst_group_mean"] + cells(gap.worstMean))
          lines.append(head + ["\(gap.bestGroup) - \(gap.worstGroup)", "", "", "gap"] + cells(gap.gap))
        }
      }
    }
    return lines
  }

  static func json(_ bootstrap: Bootstrap) -> JSON {
    .object(
      JSONObject([
        ("interval", .string(bootstrap.method.rawValue)), ("level", .number(bootstrap.level)),
        ("resamples", .integer(bootstrap.resamples)), ("seed", .integer(Int(bootstrap.seed))),
      ]))
  }

  static func json(_ estimate: Estimate) -> JSON {
    .object(
      JSONObject([
        ("value", .number(estimate.value)), ("lower", estimate.interval.map { .number($0.lower) } ?? .null),
        ("upper", estimate.interval.map { .number($0.upper) } ?? .null),
      ]))
  }

  private static func json(_ score: RobustSummary.Score) -> JSON {
    let groups = score.table.groupings.enumerated().map { index, grouping in
      (
        grouping.column,
        JSON.object(
          JSONObject(
            grouping.names.enumerated().map { position, name in
              (
                name,
                .object(
                  JSONObject(
                    score.rows.map { ($0.label, json($0.groups[index][position].statistics, score.table)) }))
              )
            }))
      )
    }
    let gaps = score.table.groupings.enumerated().map { index, grouping in
      (
        grouping.column,
        JSON.object(JSONObject(score.rows.compactMap { row in row.gaps[index].map { (row.label, json($0)) } }))
      )
    }
    return .object(
      JSONObject([
        ("higher_is_better", .bool(score.table.isHigherBetter)),
        ("failure_threshold", score.table.failureThreshold.map { .number($0) } ?? .null),
        ("overall", .object(JSONObject(score.rows.map { ($0.label, json($0.all, score.table)) }))),
        ("groups", .object(JSONObject(groups))), ("worst_group", .object(JSONObject(gaps))),
      ]))
  }

  private static func json(_ statistics: RobustStatistics, _ table: ScoreTable) -> JSON {
    .object(
      JSONObject(
        [
          ("n", .integer(statistics.count)), ("left_out", .integer(statistics.leftOut)),
          ("says_little", .bool(statistics.saysLittle)),
        ] + figures(statistics, table).map { ($0.name, json($0.estimate)) } + [
          ("worst", .number(statistics.worst)), ("worst_case", statistics.worstCase.map { .string($0) } ?? .null),
        ]))
  }

  private static func json(_ gap: GroupGap) -> JSON {
    .object(
      JSONObject([
        ("worst_group", .string(gap.worstGroup)), ("worst_group_mean", json(gap.worstMean)),
        ("best_group", .string(gap.bestGroup)), ("gap", json(gap.gap)),
      ]))
  }

  private static func figures(_ statistics: RobustStatistics, _ table: ScoreTable) -> [(
    name: String, estimate: Estimate
  )] {
    let figures = RobustStatistic.allCases.map { ($0.key(isHigherBetter: table.isHigherBetter), statistics[$0]) }
    return figures + (statistics.failures.map { [("failures", $0)] } ?? [])
  }

  /// The value, the interval's ends, and no case.
  static func cells(_ estimate: Estimate) -> [String] {
    func text(_ value: Double?) -> String { value.map { $0.isNaN ? "NaN" : String($0) } ?? "" }
    return [text(estimate.value), text(estimate.interval?.lower), text(estimate.interval?.upper), ""]
  }
}

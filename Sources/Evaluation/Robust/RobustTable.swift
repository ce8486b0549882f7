import Foundation
import Statistics

/// Robust statistics as a text table: a row for each label and, below it, one for each group.
enum RobustTable {
  static func text(_ score: RobustSummary.Score) -> String {
    let table = score.table
    let keys = tail.map { $0.key(isHigherBetter: table.isHigherBetter) }
    var rows = [["", "n", "mean", "95 % interval"] + keys + ["worst", "worst case"]]
    for row in score.rows {
      rows.append([TextTable.shortened(row.label, to: 22)] + cells(row.all, table))
      for (grouping, groups) in zip(table.groupings, row.groups) {
        for group in groups {
          let name = table.groupings.count > 1 ? "\(grouping.column): \(group.name)" : group.name
          rows.append([TextTable.shortened("  " + name, to: 22)] + cells(group.statistics, table))
        }
      }
    }
    return title(table) + "\n" + TextTable.aligned(rows, isLastText: true) + notes(score)
  }

  private static let tail: [RobustStatistic] = [.percentile25, .percentile10, .percentile5]

  private static func title(_ table: ScoreTable) -> String {
    let direction = table.isHigherBetter ? "" : ", lower is better"
    return "\(table.score), \(table.caseNames.count) case\(table.caseNames.count == 1 ? "" : "s")\(direction)"
  }

  private static func cells(_ statistics: RobustStatistics, _ table: ScoreTable) -> [String] {
    func text(_ value: Double) -> String { TextTable.number(value, decimals: table.decimals) }
    let mean = statistics[.mean]
    let interval = mean.interval.map { "\(text($0.lower)) to \(text($0.upper))" } ?? "–"
    return ["\(statistics.count)\(statistics.saysLittle ? "*" : " ")", text(mean.value), interval]
      + tail.map { text(statistics[$0].value) }
      + [text(statistics.worst), statistics.worstCase ?? "–"]
  }

  private static func notes(_ score: RobustSummary.Score) -> String {
    let table = score.table
    var notes: [String] = []
    if let threshold = table.failureThreshold {
      let failures = score.rows.suffix(table.labels.count).compactMap { row in
        row.all.failures.flatMap { $0.value > 0 ? row.label + String(format: " in %.1f %%", 100 * $0.value) : nil }
      }
      notes.append(
        "\(table.isHigherBetter ? "Below" : "Above") \(threshold): "
          + (failures.isEmpty ? "no case." : "\(failures.joined(separator: ", ")) of the cases."))
    }
    for (grouping, gap) in zip(table.groupings, score.rows.first?.gaps ?? []) {
      guard let gap else { continue }
      notes.append(
        "Worst \(grouping.column): \(gap.worstGroup), \(text(gap.worstMean, table)); "
          + "\(text(gap.gap, table)) behind \(gap.bestGroup).")
    }
    notes += table.groupings.compactMap { $0.noteOnOthers(among: table.caseNames) }
    let all = score.rows.flatMap { row in [row.all] + row.groups.flatMap { $0.map(\.statistics) } }
    if all.contains(where: \.saysLittle) {
      notes.append("* Fewer than \(RobustStatistics.handful) cases: these figures say little.")
    }
    for row in score.rows where row.all.leftOut > 0 {
      notes.append(
        "\(row.label): \(row.all.leftOut) case\(row.all.leftOut == 1 ? "" : "s") left out: no score, for the label is "
          + "in neither reference nor prediction.")
    }
    return notes.map { "  " + TextTable.wrapped($0, indentation: "    ", width: TextTable.width - 2) }.joined()
  }

  private static func text(_ estimate: Estimate, _ table: ScoreTable) -> String {
    func text(_ value: Double) -> String { TextTable.number(value, decimals: table.decimals) }
    return text(estimate.value) + (estimate.interval.map { " (\(text($0.lower)) to \(text($0.upper)))" } ?? "")
  }
}

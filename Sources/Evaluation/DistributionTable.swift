import Foundation

/// Statistics as text tables: one row for each label, and one row for each label and group.
enum DistributionTable {
  static func text(of summary: EvaluationSummary) -> String {
    let columns = summary.groups?.categoricalColumns ?? []
    let metrics = [Metric.dice, .hausdorff95]
    return
      (metrics.map { overall(summary, $0) }
      + columns.flatMap { column in metrics.map { byGroup(summary, $0, column) } })
      .joined(separator: "\n")
  }

  /// One row for each target, and one for the mean over targets.
  static func overall(_ summary: EvaluationSummary, _ metric: Metric) -> String {
    var rows = [["label"] + header(metric)]
    for (name, target) in targets(summary) {
      rows.append([name] + cells(summary.distribution(metric, of: target), metric))
    }
    return title(metric) + ", \(summary.cases.count) case\(summary.cases.count == 1 ? "" : "s")\n"
      + aligned(rows, left: 1)
  }

  /// One row for each target and group of a column.
  static func byGroup(_ summary: EvaluationSummary, _ metric: Metric, _ column: String) -> String {
    var rows = [["label", column] + header(metric)]
    for (name, target) in targets(summary) {
      for (position, group) in summary.subgroups(column).enumerated() {
        let spread = summary.distribution(metric, of: target, in: group.cases)
        rows.append([position == 0 ? name : "", group.name] + cells(spread, metric))
      }
    }
    return title(metric) + " by \(column)\n" + aligned(rows, left: 2)
  }

  private static func targets(_ summary: EvaluationSummary) -> [(String, Int?)] {
    summary.targets.enumerated().map { ($1.name, $0) }
      + (summary.targets.count > 1 ? [("mean of the labels", nil)] : [])
  }

  private static func title(_ metric: Metric) -> String { metric.rawValue + (metric.isHigherBetter ? "" : " (mm)") }

  private static func header(_ metric: Metric) -> [String] {
    ["n", "mean", "sd", "median"]
      + MetricDistribution.percentiles(isHigherBetter: metric.isHigherBetter).map { "p\($0)" }
      + ["worst", "worst case"]
  }

  private static func cells(_ spread: MetricDistribution, _ metric: Metric) -> [String] {
    let values =
      [spread.mean, spread.standardDeviation, spread.median] + spread.tail.map(\.value) + [spread.worst]
    // A label that was missed has no distance. The reader has to see that the figures leave such cases out.
    return [spread.undefined == 0 ? "\(spread.count)" : "\(spread.count) of \(spread.count + spread.undefined)"]
      + values.map { $0.isNaN ? "–" : String(format: metric.isHigherBetter ? "%.3f" : "%.2f", $0) }
      + [spread.worstCase ?? "–"]
  }

  /// Pads columns to their widest cell: the first `left` columns and the last are aligned left, numbers right.
  private static func aligned(_ rows: [[String]], left: Int) -> String {
    let widths = (rows.first ?? []).indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      let cells = row.enumerated().map { column, cell in
        let padding = String(repeating: " ", count: widths[column] - cell.count)
        if column == row.count - 1 { return cell }
        return column < left ? cell + padding : padding + cell
      }
      return "  " + cells.joined(separator: "  ") + "\n"
    }.joined()
  }
}

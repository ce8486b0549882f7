import Evaluation
import Foundation
import Statistics

/// The statistics of a metric, one row for each label, group and evaluation.
///
/// This is the one place that decides which statistics a report shows.
struct SummaryTable {
  let table: ReportTable

  /// - Parameters:
  ///   - evaluations: The evaluations.
  ///   - metric: The metric.
  ///   - targets: The labels to list; the caption names a single one.
  ///   - column: The column of the groups, or `nil` for all cases together.
  init(_ evaluations: Evaluations, _ metric: Metric, targets: [Evaluations.Target], column: String?) {
    let unit = metric.isHigherBetter ? "" : " (mm)"
    let isSingle = targets.count == 1
    let caption =
      metric.rawValue + unit + (isSingle ? ", \(targets[0].name)" : "") + (column.map { ", by \($0)" } ?? "")
    let names =
      (isSingle ? [] : ["label"]) + (column.map { [$0] } ?? []) + (evaluations.arms.count > 1 ? ["evaluation"] : [])
    let percentiles = MetricDistribution([], isHigherBetter: metric.isHigherBetter).tail.map { "p\($0.percentile)" }
    let statistics = ["n", "mean", "sd", "median", "IQR"] + percentiles + ["worst"]
    let columns =
      names.map { ReportTable.Column(name: $0, isNumber: false) }
      + statistics.map { ReportTable.Column(name: $0, isNumber: true) }
      + [ReportTable.Column(name: "worst case", isNumber: false)]
    let rows = targets.flatMap { target in
      evaluations.groups(column).flatMap { group in
        evaluations.arms.map { arm in
          let values = group.cases.filter(Set(arm.scores.cases).contains).map {
            (name: $0, value: arm.scores.value(metric, target.label, of: $0))
          }
          let names =
            (isSingle ? [] : [target.name]) + (column == nil ? [] : [group.name])
            + (evaluations.arms.count > 1 ? [arm.name] : [])
          return ReportTable.Row(cells: names.map { ReportTable.Cell($0) } + Self.cells(values, metric))
        }
      }
    }
    table = ReportTable(caption: caption, columns: columns, rows: rows)
  }

  private static func cells(_ values: [(name: String, value: Double)], _ metric: Metric) -> [ReportTable.Cell] {
    let spread = MetricDistribution(values, isHigherBetter: metric.isHigherBetter)
    let sorted = values.map(\.value).filter { !$0.isNaN }.sorted()
    let range = Quantile.percentile(75, ofSorted: sorted) - Quantile.percentile(25, ofSorted: sorted)
    let numbers =
      [spread.mean, spread.standardDeviation, spread.median, range] + spread.tail.map(\.value) + [spread.worst]
    // A label that was missed has no distance. The reader has to see that the figures leave such cases out.
    let count = spread.undefined == 0 ? "\(spread.count)" : "\(spread.count) of \(spread.count + spread.undefined)"
    return [ReportTable.Cell(count, Double(spread.count))]
      + numbers.map { ReportTable.Cell(number: $0, decimals: metric.isHigherBetter ? 3 : 2) }
      + [ReportTable.Cell(spread.worstCase ?? "–")]
  }
}

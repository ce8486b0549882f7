import Files
import Foundation

/// `cases.csv`: one row for each case and target, with the case's groups. Undefined metrics are NaN; the counts of
/// voxels and the image's diagonal in mm say what a missed structure is worth.
enum CasesFile {
  static func write(_ summary: EvaluationSummary, to url: URL) throws {
    try AtomicFile.replace(url, with: text(summary))
  }

  static func text(_ summary: EvaluationSummary) -> String {
    let columns = summary.groups?.columns ?? []
    let header =
      ["case"] + columns + ["label", "name"] + Metric.allCases.map(\.rawValue)
      + ["TP", "FP", "FN", "TN", "n_pred", "n_ref", "diagonal"]
    var lines = [header]
    for item in summary.cases {
      let groups = columns.map { summary.groups?.value($0, of: item.name) ?? "" }
      for (target, metrics) in zip(summary.targets, item.metrics) {
        let values = Metric.allCases.map { metrics[$0].isNaN ? "NaN" : String(metrics[$0]) }
        let counts = [
          metrics.truePositives, metrics.falsePositives, metrics.falseNegatives, metrics.trueNegatives,
          metrics.predicted, metrics.expected,
        ]
        lines.append(
          [item.name] + groups + [target.key, target.name] + values + counts.map(String.init) + [String(item.diagonal)])
      }
    }
    return CSV.text(lines)
  }
}

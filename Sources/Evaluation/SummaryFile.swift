import Datasets
import Files
import Foundation

/// `summary.json` in nnU-Net's schema: `foreground_mean`, `mean` and `metric_per_case`, keys in order, indented by
/// four, `NaN` where a value is not defined.
///
/// We add to each case's and the means' `Dice`, `IoU` and counts the distances `HD95`, `HD`, `ASSD` in mm and the
/// surface Dice `NSD` at 1 mm; `label_names`; and `robustness`, the statistics of each label and of the mean over
/// labels (`case_mean`), `overall` and by `groups`.
enum SummaryFile {
  static func write(_ summary: EvaluationSummary, to url: URL) throws {
    try AtomicFile.replace(url, with: json(summary).text)
  }

  static func json(_ summary: EvaluationSummary) -> JSON {
    let cases = summary.cases.map { item -> JSON in
      let metrics = zip(summary.targets, item.metrics).map { target, metrics in
        (target.key, sorted(quantities.map { ($0.name, $0.json(metrics)) }))
      }
      return sorted([
        ("metrics", sorted(metrics)), ("prediction_file", .string(item.predictionFile.path)),
        ("reference_file", .string(item.referenceFile.path)),
      ])
    }
    let groups = (summary.groups?.categoricalColumns ?? []).map { column in
      (column, sorted(summary.subgroups(column).map { ($0.name, distribution(summary, $0.cases)) }))
    }
    return sorted(
      meanMembers(summary) + [
        ("label_names", sorted(summary.targets.map { ($0.key, .string($0.name)) })), ("metric_per_case", .array(cases)),
        ("robustness", sorted([("groups", sorted(groups)), ("overall", distribution(summary, summary.cases))])),
      ])
  }

  /// The members `foreground_mean` and `mean` alone.
  static func means(_ summary: EvaluationSummary) -> JSON { sorted(meanMembers(summary)) }

  /// The mean over the targets of their mean Dice; NaN when one of them has none.
  static func foregroundMeanDice(_ summary: EvaluationSummary) -> Double {
    mean(means(of: quantities[0], summary))
  }

  private static func meanMembers(_ summary: EvaluationSummary) -> [(String, JSON)] {
    let means = quantities.map { Self.means(of: $0, summary) }
    func object(_ values: [Double]) -> JSON { sorted(zip(quantities, values).map { ($0.name, .number($1)) }) }
    let ofTargets = summary.targets.enumerated().map { index, target in
      (target.key, object(means.map { $0[index] }))
    }
    return [("foreground_mean", object(means.map { mean($0) })), ("mean", sorted(ofTargets))]
  }

  /// The mean of a quantity over the cases in which it is defined, for each target.
  private static func means(of quantity: Quantity, _ summary: EvaluationSummary) -> [Double] {
    summary.targets.indices.map { target in
      mean(summary.cases.map { quantity.value($0.metrics[target]) }.filter { !$0.isNaN })
    }
  }

  /// A number in the file for each case and target. Counts are whole numbers in a case.
  private struct Quantity: Sendable {
    let name: String
    let value: @Sendable (SegmentationMetrics) -> Double
    var isCount = false

    func json(_ metrics: SegmentationMetrics) -> JSON {
      isCount ? .integer(Int(value(metrics))) : .number(value(metrics))
    }
  }

  private static let quantities =
    Metric.allCases.map { metric in Quantity(name: metric.rawValue) { $0[metric] } } + [
      Quantity(name: "TP", value: { Double($0.truePositives) }, isCount: true),
      Quantity(name: "FP", value: { Double($0.falsePositives) }, isCount: true),
      Quantity(name: "FN", value: { Double($0.falseNegatives) }, isCount: true),
      Quantity(name: "TN", value: { Double($0.trueNegatives) }, isCount: true),
      Quantity(name: "n_pred", value: { Double($0.predicted) }, isCount: true),
      Quantity(name: "n_ref", value: { Double($0.expected) }, isCount: true),
    ]

  private static func distribution(_ summary: EvaluationSummary, _ cases: [CaseEvaluation]) -> JSON {
    let rows = summary.targets.enumerated().map { ($1.key, Int?.some($0)) } + [("case_mean", nil)]
    return sorted(
      rows.map { key, target in
        (key, sorted(Metric.allCases.map { ($0.rawValue, json(summary.distribution($0, of: target, in: cases))) }))
      })
  }

  private static func json(_ distribution: MetricDistribution) -> JSON {
    sorted(
      [
        ("n", .integer(distribution.count)), ("n_undefined", .integer(distribution.undefined)),
        ("mean", .number(distribution.mean)), ("sd", .number(distribution.standardDeviation)),
        ("median", .number(distribution.median)), ("worst", .number(distribution.worst)),
        ("worst_case", distribution.worstCase.map { .string($0) } ?? .null),
      ] + distribution.tail.map { ("p\($0.percentile)", .number($0.value)) })
  }

  private static func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }

  private static func sorted(_ entries: [(String, JSON)]) -> JSON {
    .object(JSONObject(entries.sorted { $0.0.utf8.lexicographicallyPrecedes($1.0.utf8) }))
  }
}

import Datasets
import Evaluation
import Files
import Foundation

/// The scores of every case in one evaluation, as `hwsseg evaluate` writes them.
public struct CaseScores: Sendable {
  /// The folder of `cases.csv`, usually that of the predictions.
  public let folder: URL
  /// The names of the labels and regions.
  public let labels: [String]
  /// The names of the cases.
  public let cases: [String]
  /// The groups of the cases that the file names.
  public let groups: CaseTable
  /// For each metric, the values of each case by label.
  private let values: [Metric: [String: [Double]]]

  /// The metrics that a report shows.
  static let metrics: [Metric] = [.dice, .hausdorff95]

  /// Reads the `cases.csv` of a folder.
  ///
  /// - Throws: `InputError` when the file cannot be read, or does not have each label once in every case.
  public init(folder: URL) throws {
    let table = try Table(contentsOf: folder.appendingPathComponent("cases.csv"))
    let (names, labels) = (try table.texts("case"), try table.texts("name"))
    guard !names.isEmpty else {
      throw InputError(table.file, found: "no case", expected: "at least one")
    }
    self.folder = folder
    cases = names.unique
    self.labels = labels.unique
    let rows = Dictionary(grouping: names.indices) { names[$0] }
    for name in cases where (rows[name] ?? []).map({ labels[$0] }) != self.labels {
      throw InputError(
        table.file, found: "other labels in case \(name) than in case \(cases[0])",
        expected: "each label once in every case, in the same order")
    }
    values = try Dictionary(
      uniqueKeysWithValues: Self.metrics.map { metric in
        let numbers = try table.numbers(metric.rawValue)
        return (metric, rows.mapValues { $0.map { numbers[$0] } })
      })
    // Columns between the case and its label are groups.
    let columns = Array(table.columns.dropFirst().prefix { $0 != "label" })
    let cells = try columns.map(table.texts)
    let groups = cases.map { name in [name] + cells.map { $0[rows[name]?.first ?? 0] } }
    self.groups = try CaseTable(CSV.text([["case"] + columns] + groups), file: table.file)
  }

  /// A value of a case, NaN where the metric is not defined or the case is unknown.
  ///
  /// - Parameters:
  ///   - metric: Dice or the 95 % Hausdorff distance.
  ///   - label: A position in ``labels``, or `nil` for the mean over the labels with a value.
  ///   - name: The name of the case.
  func value(_ metric: Metric, _ label: Int?, of name: String) -> Double {
    guard let values = values[metric]?[name] else { return .nan }
    if let label { return values[label] }
    let defined = values.filter { !$0.isNaN }
    return defined.reduce(0, +) / Double(defined.count)
  }
}

extension [String] {
  /// The strings without repetitions, in the order in which they first appear.
  var unique: [String] {
    var seen: Set<String> = []
    return filter { seen.insert($0).inserted }
  }
}

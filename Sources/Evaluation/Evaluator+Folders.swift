import Datasets
import Files
import Foundation

extension Evaluator {
  /// Compares two folders of label maps, with labels and groups from the files that lie beside them.
  ///
  /// - Parameters:
  ///   - reference: The folder of reference segmentations.
  ///   - prediction: The folder of predictions with the same names.
  ///   - datasetJSON: Names the labels; when left out, `dataset.json` in the folder of predictions, or beside the
  ///     folder of references.
  ///   - groups: The table of groups; when left out, `groups.csv` beside the folder of references, if there is one.
  /// - Throws: `InputError` when there is no `dataset.json`, or as `evaluate(reference:prediction:description:)` does.
  public static func evaluate(
    reference: URL, prediction: URL, datasetJSON: URL?, groups: URL?
  ) throws -> EvaluationSummary {
    func exists(_ file: URL) -> Bool { FileManager.default.fileExists(atPath: file.path) }
    let dataset = reference.standardizedFileURL.deletingLastPathComponent()
    let candidates =
      datasetJSON.map { [$0] } ?? [prediction, dataset].map { $0.appendingPathComponent("dataset.json") }
    guard let datasetJSON = datasetJSON ?? candidates.first(where: exists) else {
      throw InputError(
        "--dataset-json", found: "nothing, and neither \(candidates[0].path) nor \(candidates[1].path)",
        expected: "the dataset.json that names the labels")
    }
    let groups = groups ?? [dataset.appendingPathComponent("groups.csv")].first(where: exists)
    return try evaluate(
      reference: reference, prediction: prediction, description: DatasetDescription(contentsOf: datasetJSON),
      groups: groups.map { try CaseTable(contentsOf: $0) })
  }
}

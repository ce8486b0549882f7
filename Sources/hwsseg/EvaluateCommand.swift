import ArgumentParser
import Datasets
import Evaluation
import Files
import Foundation

/// `hwsseg evaluate`: judges predictions by reference segmentations.
struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate", abstract: "Judges predictions by reference segmentations, case by case and by subgroup.")

  @Option(help: "The folder of reference segmentations CASE.nii.gz.")
  var reference: URL

  @Option(help: "The folder of predictions, named as the references.")
  var prediction: URL

  @Option(
    help:
      "The data set's dataset.json; when left out, the one in the predictions' folder or beside the references' one.")
  var datasetJson: URL?

  @Option(help: "The table of subgroups; when left out, groups.csv beside the references' folder, if there is one.")
  var groups: URL?

  @Option(name: .shortAndLong, help: "The folder for summary.json and cases.csv; the predictions' when left out.")
  var output: URL?

  func run() throws {
    let description = try DatasetDescription(contentsOf: try datasetFile())
    let summary = try Evaluator.evaluate(
      reference: reference, prediction: prediction, description: description,
      groups: try groupsFile().map { try Groups(contentsOf: $0) })
    let folder = output ?? prediction
    try summary.write(to: folder)
    print(summary.tables())
    print("Written to \(folder.relativePath): summary.json, cases.csv")
  }

  private func datasetFile() throws -> URL {
    if let datasetJson { return datasetJson }
    let places = [prediction, reference.standardizedFileURL.deletingLastPathComponent()]
      .map { $0.appendingPathComponent("dataset.json") }
    guard let file = places.first(where: { FileManager.default.fileExists(atPath: $0.path) }) else {
      throw InputError(
        "--dataset-json", found: "nothing, and neither \(places[0].path) nor \(places[1].path)",
        expected: "the dataset.json that names the labels")
    }
    return file
  }

  private func groupsFile() -> URL? {
    let file = reference.standardizedFileURL.deletingLastPathComponent().appendingPathComponent("groups.csv")
    return groups ?? (FileManager.default.fileExists(atPath: file.path) ? file : nil)
  }
}

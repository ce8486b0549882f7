import ArgumentParser
import Evaluation
import Foundation

/// `hwsseg evaluate`: compares predictions with reference segmentations.
struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate",
    abstract: "Compares predictions with reference segmentations, case by case and group by group.")

  @Option(help: "The folder of reference segmentations CASE.nii.gz.")
  var reference: URL

  @Option(help: "The folder of predictions with the same names.")
  var prediction: URL

  @Option(
    help:
      "The data set's dataset.json; when left out, that in the predictions' folder or beside the references' folder.")
  var datasetJson: URL?

  @Option(help: "The table of groups; when left out, groups.csv beside the references' folder, if there is one.")
  var groups: URL?

  @Option(
    name: .shortAndLong, help: "The folder for summary.json and cases.csv; the predictions' folder when left out.")
  var output: URL?

  func run() throws {
    let summary = try Evaluator.evaluate(
      reference: reference, prediction: prediction, datasetJSON: datasetJson, groups: groups)
    let folder = output ?? prediction
    try summary.write(to: folder)
    print(summary.tables())
    print("Written to \(folder.relativePath): summary.json, cases.csv")
  }
}

import ArgumentParser
import Datasets
import Evaluation
import Foundation

/// `hwsseg evaluate`: compares predictions with reference segmentations.
struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate",
    abstract: "Compares predictions with reference segmentations, case by case and group by group.",
    discussion: """
      With --scores, the scores of another program are summarized by the same statistics: a CSV table with one row for \
      each case and label.
      """)

  @Option(help: "The folder of reference segmentations CASE.nii.gz.")
  var reference: URL?

  @Option(help: "The folder of predictions with the same names.")
  var prediction: URL?

  @Option(
    help:
      "The data set's dataset.json; when left out, that in the predictions' folder or beside the references' folder.")
  var datasetJson: URL?

  @Option(help: "A CSV table of scores, instead of --reference and --prediction.")
  var scores: URL?

  @Option(help: "COLUMN=VALUE: read only these rows of the table, such as Methods=cnn.")
  var only: String?

  @OptionGroup var options: ScoreOptions

  @Option(help: "A score worse than this is a failure; for Dice 0.5, for a table of scores none when left out.")
  var failure: Double?

  @Option(
    name: .shortAndLong,
    help: """
      The folder for summary.json, cases.csv, robust.json and robust.csv; the predictions' folder when left out. With \
      --scores, nothing is written when left out.
      """)
  var output: URL?

  func validate() throws {
    guard scores != nil ? reference == nil && prediction == nil : reference != nil && prediction != nil else {
      throw ValidationError("give --reference and --prediction, or --scores alone")
    }
    guard scores != nil || only == nil && !options.describeTable else {
      throw ValidationError("--only and options for columns need --scores")
    }
    guard only?.contains("=") ?? true else { throw ValidationError("--only takes COLUMN=VALUE") }
  }

  func run() throws {
    if let scores { try summarize(scores) }
    if let reference, let prediction { try evaluate(reference, prediction) }
  }

  private func evaluate(_ reference: URL, _ prediction: URL) throws {
    let summary = try Evaluator.evaluate(
      reference: reference, prediction: prediction, datasetJSON: datasetJson, groups: options.groups)
    let robust = RobustSummary(summary, failureThreshold: failure ?? RobustSummary.failureThreshold)
    let folder = output ?? prediction
    try summary.write(to: folder)
    try robust.write(to: folder)
    print(robust.tables([.dice, .hausdorff95]))
    print("Written to \(folder.relativePath): summary.json, cases.csv, robust.json, robust.csv")
  }

  private func summarize(_ scores: URL) throws {
    let only = only.flatMap { text in
      text.firstIndex(of: "=").map { (String(text[..<$0]), String(text[text.index(after: $0)...])) }
    }
    var table = try ScoreTable(
      contentsOf: scores, columns: options.columns, only: only,
      groups: options.groups.map { try CaseTable(contentsOf: $0) })
    table.failureThreshold = failure
    let robust = RobustSummary([table])
    print(robust.tables(), terminator: "")
    if let output {
      try robust.write(to: output)
      print("\nWritten to \(output.relativePath): robust.json, robust.csv")
    }
  }
}

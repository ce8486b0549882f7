import ArgumentParser
import Datasets
import Evaluation
import Files
import Foundation
import Workflows

/// `hwsseg crossvalidate`: evaluates the folds of a training together and decides on post-processing.
struct CrossValidateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "crossvalidate",
    abstract: "Evaluates the folds of a training together and decides on post-processing.",
    discussion: """
      Collects each fold's segmentations of the cases it held out in RESULTS/crossval_results_folds_…, evaluates \
      them, and finds the labels for which keeping only the largest connected component raises Dice. \
      postprocessing.json in each fold's model folder says so, and predict follows it. Of several trainings, the one \
      with the highest mean Dice is named.
      """)

  @Argument(help: "The data set's folder in nnU-Net's raw layout.")
  var dataset: URL

  @Option(name: .shortAndLong, help: "The folder RESULTS of a training's folds; several are compared.")
  var model: [URL]

  @Option(parsing: .upToNextOption, help: "The folds to collect; 0 1 2 3 4 when left out.")
  var folds: [String] = []

  @Flag(help: "Replace an earlier result.")
  var overwrite = false

  @OptionGroup var log: LogOptions

  func validate() throws {
    guard !model.isEmpty else { throw ValidationError("name the folder of the folds with -m RESULTS") }
    guard Set(folds).count == folds.count else { throw ValidationError("--folds names a fold twice") }
  }

  func run() throws {
    let logger = log.logger()
    let raw = try RawDataset(dataset)
    let folds = folds.isEmpty ? (0..<Splits.count).map(Fold.number) : try folds.map { try Fold($0) }
    var best: (model: URL, dice: Double)?
    for results in model {
      let found = try RunJournal.command(RunRecord(), in: results, logger: logger) { _ in
        try CrossValidation(results: results, folds: folds, dataset: raw, overwrite: overwrite)
      }
      print(found.summary.tables())
      describe(found)
      print("Written to \(found.folder.relativePath): summary.json, cases.csv, postprocessing.json, postprocessed")
      if found.meanDice > best?.dice ?? -1 { best = (results, found.meanDice) }
    }
    if let best, model.count > 1 {
      print("Best: \(best.model.relativePath), mean Dice \(String(format: "%.4f", best.dice))")
    }
  }

  private func describe(_ found: CrossValidation) {
    guard !found.rule.steps.isEmpty else {
      print("Keeping only the largest connected component improves no label: no post-processing.")
      return
    }
    for step in found.rule.steps { print("Post-processing keeps \(step).") }
    print("After post-processing:\n" + found.postprocessed.tables())
  }
}

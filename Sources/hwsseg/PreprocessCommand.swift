import ArgumentParser
import Datasets
import Files
import Foundation

/// `hwsseg preprocess`: crops, normalises and resamples all training cases.
struct PreprocessCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "preprocess", abstract: "Crops, normalises and resamples all cases of a data set as a plan says.")

  @Argument(help: "A data set's folder in nnU-Net's raw layout.")
  var dataset: URL

  @Option(help: "The plan file.")
  var plan: URL

  @Option(name: .shortAndLong, help: "The folder for the preprocessed cases.")
  var output: URL

  @Flag(help: "Replace cases that were preprocessed into this folder before.")
  var overwrite = false

  func run() throws {
    if !overwrite, (try? PreprocessedStore(output)) != nil {
      throw InputError(
        output.path, found: "a preprocessed data set already", expected: "a new folder",
        advice: "Use --overwrite to replace it.")
    }
    try Self.preprocess(RawDataset(dataset), plan: Plan.read(plan), into: output)
  }

  /// Preprocesses a whole data set, telling about each case, and writes beside the cases which folds they make.
  static func preprocess(_ dataset: RawDataset, plan: Plan, into folder: URL) throws {
    let count = dataset.cases.count
    print("Preprocessing \(count) cases into \(folder.relativePath)")
    try Preprocessor(plan: plan, description: dataset.description).run(dataset, to: folder) { finished, name in
      print("\(finished)/\(count)  \(name)")
    }
    let own = dataset.folder.appendingPathComponent("splits_final.json")
    if FileManager.default.fileExists(atPath: own.path) || count >= Splits.count {
      try Splits.write(
        Splits.folds(dataset.caseNames, file: own), to: folder.appendingPathComponent("splits_final.json"))
    }
  }
}

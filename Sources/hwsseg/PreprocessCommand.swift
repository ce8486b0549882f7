import ArgumentParser
import Datasets
import Files
import Foundation
import Plans

/// `hwsseg preprocess`: crops, normalizes and resamples all training cases of a data set.
struct PreprocessCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "preprocess", abstract: "Crops, normalizes and resamples all cases of a data set as a plan says.")

  @Argument(help: "A data set's folder in nnU-Net's raw layout.")
  var dataset: URL

  @Option(help: "The plan file.")
  var plan: URL

  @Option(name: .shortAndLong, help: "The folder for the preprocessed cases.")
  var output: URL

  @Flag(help: "Replace cases that were preprocessed into this folder before.")
  var overwrite = false

  func run() throws {
    if !overwrite, PreprocessedStore.exists(in: output) {
      throw InputError(
        output.path, found: "a preprocessed data set already", expected: "a new folder",
        advice: "Use --overwrite to replace it.")
    }
    let raw = try RawDataset(dataset)
    let count = raw.cases.count
    print("Preprocessing \(count) cases into \(output.relativePath)")
    try Preprocessor(plan: Plan.read(plan), description: raw.description).run(raw, to: output) { finished, name in
      print("\(finished)/\(count)  \(name)")
    }
  }
}

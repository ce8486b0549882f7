import ArgumentParser
import Datasets
import Files
import Foundation
import Inference
import Tensors

/// `hwsseg predict`: segments new cases with one or several trained networks.
struct PredictCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "predict", abstract: "Segments the images of a folder with one or several trained networks.")

  @Option(name: .shortAndLong, help: "A folder that train has written; several are averaged.")
  var model: [URL]

  @Option(name: .shortAndLong, help: "A folder of images CASE_0000.nii.gz, CASE_0001.nii.gz, …, one a channel.")
  var input: URL

  @Option(name: .shortAndLong, help: "The folder for the segmentations CASE.nii.gz.")
  var output: URL

  @Option(help: "Largest distance between two tiles, as a part of the patch size.")
  var stepSize = 0.5

  @Flag(help: "Do not average over mirror images: eight times as fast, a little less accurate.")
  var noMirroring = false

  @Flag(help: "Also write CASE_probabilities.safetensors.")
  var saveProbabilities = false

  @Flag(help: "Replace segmentations that are there already.")
  var overwrite = false

  @Option(help: "What computes convolutions.")
  var engine = Engine.auto

  func run() throws {
    let predictor = try Predictor(
      models: model,
      options: .init(stepSize: stepSize, mirrorAxes: noMirroring ? [] : [0, 1, 2], engine: engine))
    let dataset = predictor.dataset
    let cases = try RawCase.find(in: input, description: dataset)
    if !overwrite {
      for one in cases {
        let file = output.appendingPathComponent(one.name + dataset.fileEnding)
        guard !FileManager.default.fileExists(atPath: file.path) else {
          throw InputError(
            file.path, found: "a segmentation already", expected: "a new folder",
            advice: "Use --overwrite to replace it.")
        }
      }
    }
    // Written first, so that a folder that cannot be written is found out before the work is done.
    try dataset.write(to: output.appendingPathComponent("dataset.json"))
    try Self.predict(cases, with: predictor, to: output, withProbabilities: saveProbabilities)
  }

  /// Segments cases one after the other, telling about each.
  static func predict(
    _ cases: [RawCase], with predictor: Predictor, to folder: URL, withProbabilities: Bool
  ) throws {
    for (index, one) in cases.enumerated() {
      let start = Date()
      try predictor.predict(one, withProbabilities: withProbabilities).write(to: folder)
      print(String(format: "%d/%d  %@  %.1f s", index + 1, cases.count, one.name, -start.timeIntervalSinceNow))
    }
  }
}

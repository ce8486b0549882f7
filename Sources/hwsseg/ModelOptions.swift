import ArgumentParser
import Datasets
import Foundation
import Inference
import Tensors
import Workflows

/// The options of verbs that segment images: which models to use, and how.
struct ModelOptions: ParsableArguments {
  @Option(name: .shortAndLong, help: "A model folder; several are averaged.")
  var model: [URL]

  @Option(
    name: .shortAndLong, parsing: .upToNextOption,
    help: "Folds to average: 0 to 4, or all; those that are there when left out.")
  var folds: [String] = []

  @Option(help: "Which weights of the training to use.")
  var checkpoint = ModelFolder.Checkpoint.final

  @Option(name: .shortAndLong, help: "A folder of images CASE_0000.nii.gz, CASE_0001.nii.gz, …, one for each channel.")
  var input: URL

  @Option(help: "Largest distance between two tiles, as a share of the patch size.")
  var stepSize = 0.5

  @Flag(help: "Do not average over mirror images: eight times as fast and a little less accurate.")
  var noMirroring = false

  @Option(help: "The engine that computes convolutions.")
  var engine = Engine.auto

  @Option(help: "The number format of activations and convolutions; bfloat16 needs a processor that has it.")
  var precision = Precision.float32

  /// Reads the models.
  func read() throws -> [Model] {
    try model.flatMap { try ModelFolder.folds(folds, of: $0) }.map { try Model($0, checkpoint: checkpoint) }
  }

  /// How tiles are placed and mirrored, and what computes them.
  var predictor: Predictor.Options {
    .init(stepSize: stepSize, mirrorAxes: noMirroring ? [] : nil, engine: engine, precision: precision)
  }

  /// What is known of a call that uses the models.
  func record(_ models: [Model]) throws -> RunRecord {
    var record = RunRecord(plan: try models.first.map { try String(contentsOf: $0.folder.planFile(), encoding: .utf8) })
    (record.engine, record.precision) = (engine, precision)
    for model in models { record.weights[try model.folder.weights(checkpoint).path] = model.weightsChecksum }
    return record
  }
}

extension ModelFolder.Checkpoint: ExpressibleByArgument {}

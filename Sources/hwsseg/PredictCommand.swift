import ArgumentParser
import Datasets
import Files
import Foundation
import Inference
import Logging
import Tensors
import Training
import Workflows

/// `hwsseg predict`: segments new cases with one or several trained networks.
struct PredictCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "predict", abstract: "Segments the images of a folder with one or several trained networks.",
    discussion: """
      A model folder is the RESULTS that train writes, one of the folds in it, or a results folder of nnU-Net v2 with \
      plans.json, dataset.json and fold_0/checkpoint_final.pth. The logits of the folds of one training are averaged, \
      and the probabilities of different trainings.
      """)

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

  @Option(name: .shortAndLong, help: "The folder for the segmentations CASE.nii.gz.")
  var output: URL

  @Option(help: "Largest distance between two tiles, as a share of the patch size.")
  var stepSize = 0.5

  @Flag(help: "Do not average over mirror images: eight times as fast and a little less accurate.")
  var noMirroring = false

  @Flag(help: "Also write CASE_probabilities.safetensors.")
  var saveProbabilities = false

  @Flag(help: "Skip the post-processing that crossvalidate has decided on.")
  var noPostprocessing = false

  @Flag(help: "Replace segmentations that are there already.")
  var overwrite = false

  @Flag(name: .customLong("continue"), help: "Leave out cases that have been segmented already.")
  var continues = false

  @Option(help: "The engine that computes convolutions.")
  var engine = Engine.auto

  @OptionGroup var log: LogOptions

  func validate() throws {
    guard !(overwrite && continues) else { throw ValidationError("give either --overwrite or --continue") }
  }

  func run() throws {
    let logger = log.logger()
    let models = try model.flatMap { try ModelFolder.folds(folds, of: $0) }.map {
      try Model($0, checkpoint: checkpoint)
    }
    try RunJournal.command(record(models), in: output, logger: logger) { try predict(with: models, $0, logger) }
  }

  private func predict(with models: [Model], _ journal: RunJournal, _ logger: Logger) throws {
    let ensemble = try Ensemble(
      models, options: .init(stepSize: stepSize, mirrorAxes: noMirroring ? [] : nil, engine: engine),
      postprocesses: !noPostprocessing)
    let prediction = try FolderPrediction(
      images: input, with: ensemble, to: output, savesProbabilities: saveProbabilities,
      existing: continues ? .keep : overwrite ? .replace : .refuse)
    for model in models {
      logger.debug("Read \(model.folder.url.relativePath), patch \(model.configuration.patchSize)")
    }
    logger.debug("\(ProcessMemory.description)")
    let count = prediction.caseCount
    if continues { logger.info("\(prediction.keptCount) of \(prediction.keptCount + count) cases are there already") }
    for failure in prediction.forecast.failures { Self.report(failure) }
    if prediction.forecast.caseCount > 0 { logger.info("\(prediction.forecast)") }
    for step in ensemble.postprocessing?.steps ?? [] { logger.info("Keeping \(step)") }
    let failures = try prediction.run { finished, name, seconds in
      journal.keep()
      logger.debug("\(ProcessMemory.description)")
      logger.info("\(finished)/\(count)  \(name)  \(String(format: "%.1f", seconds)) s")
    }
    guard failures.isEmpty else {
      failures.forEach(Self.report)
      let summary = "\(failures.count) of \(count) cases are not segmented"
      print("\(summary); correct them and call with --continue")
      journal.end("failed: \(summary)")
      throw ExitCode.failure
    }
  }

  private static func report(_ failure: InputError) {
    FileHandle.standardError.write(Data("hwsseg: error: \(failure)\n".utf8))
  }

  private func record(_ models: [Model]) throws -> RunRecord {
    var record = RunRecord(plan: try models.first.map { try String(contentsOf: $0.folder.planFile(), encoding: .utf8) })
    (record.engine, record.precision) = (engine, .float32)
    for model in models { record.weights[try model.folder.weights(checkpoint).path] = model.weightsChecksum }
    return record
  }
}

extension ModelFolder.Checkpoint: ExpressibleByArgument {}

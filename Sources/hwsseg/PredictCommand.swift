import ArgumentParser
import Cluster
import Datasets
import Files
import Foundation
import Inference
import Logging
import Workflows

/// `hwsseg predict`: segments new cases with one or several trained networks.
struct PredictCommand: SharedCommand {
  static let configuration = CommandConfiguration(
    commandName: "predict", abstract: "Segments the images of a folder with one or several trained networks.",
    discussion: """
      A model folder is the RESULTS that train writes, one of the folds in it, or a results folder of nnU-Net v2 with \
      plans.json, dataset.json and fold_0/checkpoint_final.pth. The logits of the folds of one training are averaged, \
      and the probabilities of different trainings. Under mpirun, several processes divide the images.
      """)

  @OptionGroup var models: ModelOptions

  @Option(name: .shortAndLong, help: "The folder for the segmentations CASE.nii.gz.")
  var output: URL

  @Flag(help: "Also write CASE_probabilities.safetensors.")
  var saveProbabilities = false

  @Flag(help: "Skip the post-processing that crossvalidate has decided on.")
  var noPostprocessing = false

  @Flag(help: "Replace segmentations that are there already.")
  var overwrite = false

  @Flag(name: .customLong("continue"), help: "Leave out cases that have been segmented already.")
  var continues = false

  @OptionGroup var log: LogOptions

  func validate() throws {
    guard !(overwrite && continues) else { throw ValidationError("give either --overwrite or --continue") }
  }

  func run(with communicator: (any Communicator)?) throws {
    let logger = log.logger(communicator)
    for sentence in communicator?.divideMachine(threads: nil) ?? [] { logger.info("\(sentence)") }
    let read = try models.read()
    let folder = communicator?.isFirst ?? true ? output : nil
    try RunJournal.command(models.record(read), in: folder, logger: logger) { journal in
      try predict(with: read, journal, logger, communicator)
    }
  }

  private func predict(
    with read: [Model], _ journal: RunJournal, _ logger: Logger, _ communicator: (any Communicator)?
  ) throws {
    let ensemble = try Ensemble(read, options: models.predictor, postprocesses: !noPostprocessing)
    let prediction = try FolderPrediction(
      images: models.input, with: ensemble, to: output, savesProbabilities: saveProbabilities,
      existing: continues ? .keep : overwrite ? .replace : .refuse, communicator: communicator)
    for model in read {
      logger.debug("Read \(model.folder.url.relativePath), patch \(model.configuration.patchSize)")
    }
    logger.debug("\(ProcessMemory.description)")
    let count = prediction.caseCount
    if continues { logger.info("\(prediction.keptCount) of \(prediction.keptCount + count) cases are there already") }
    for failure in prediction.forecast.failures { ErrorOutput.write("\(failure)") }
    if prediction.forecast.caseCount > 0 { logger.info("\(prediction.forecast)") }
    for step in ensemble.postprocessing?.steps ?? [] { logger.info("Keeping \(step)") }
    let failures = try prediction.run { finished, name, seconds in
      journal.keep()
      logger.debug("\(ProcessMemory.description)")
      logger.info("\(finished)/\(count)  \(name)  \(String(format: "%.1f", seconds)) s")
    }
    guard failures.isEmpty else {
      let total = communicator.map { Int($0.gather(Double(count)).reduce(0, +)) } ?? count
      let summary = "\(failures.count) of \(total) cases are not segmented"
      if communicator?.isFirst ?? true {
        for failure in failures { ErrorOutput.write("\(failure)") }
        print("\(summary); correct them and call with --continue")
      }
      journal.end("failed: \(summary)")
      throw ExitCode.failure
    }
  }
}

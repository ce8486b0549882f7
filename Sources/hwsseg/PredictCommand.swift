import ArgumentParser
import Datasets
import Files
import Foundation
import Inference
import Synchronization
import Tensors

/// `hwsseg predict`: segments new cases with one or several trained networks.
struct PredictCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "predict", abstract: "Segments the images of a folder with one or several trained networks.",
    discussion: """
      A model folder is what train writes, a fold in it, or a results folder of nnU-Net v2 as it is, with plans.json, dataset.json and \
      fold_0/checkpoint_final.pth. The logits of a training's folds are averaged, and the probabilities of different trainings.
      """)

  @Option(name: .shortAndLong, help: "A model folder; several are averaged.")
  var model: [URL]

  @Option(
    name: .shortAndLong, parsing: .upToNextOption,
    help: "Folds to average: 0 to 4, or all; those that are there when left out.")
  var folds: [String] = []

  @Option(help: "Which weights of the training.")
  var checkpoint = Model.Checkpoint.final

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

  @Flag(help: "Leave out the post-processing that crossvalidate has decided on.")
  var noPostprocessing = false

  @Flag(help: "Replace segmentations that are there already.")
  var overwrite = false

  @Flag(name: .customLong("continue"), help: "Leave out cases whose segmentation is there already.")
  var continues = false

  @Option(help: "What computes convolutions.")
  var engine = Engine.auto

  func validate() throws {
    guard !(overwrite && continues) else { throw ValidationError("give either --overwrite or --continue") }
  }

  func run() throws {
    let models = try model.flatMap { try Model.folds(folds, of: $0) }.map { try Model($0, checkpoint: checkpoint) }
    let ensemble = try Ensemble(
      models, options: .init(stepSize: stepSize, mirrorAxes: noMirroring ? [] : nil, engine: engine))
    let postprocessing = noPostprocessing ? nil : try Postprocessing.common(to: models.map(\.folder))
    let dataset = ensemble.dataset
    var cases = try RawCase.find(in: input, description: dataset)
    if continues {
      let all = cases.count
      cases.removeAll { one in files(of: one, dataset).allSatisfy { FileManager.default.fileExists(atPath: $0.path) } }
      print("\(all - cases.count) of \(all) cases are there already")
    } else if !overwrite {
      for file in cases.map({ files(of: $0, dataset)[0] }) where FileManager.default.fileExists(atPath: file.path) {
        throw InputError(
          file.path, found: "a segmentation already", expected: "a new folder",
          advice: "Use --continue to leave it out, or --overwrite to replace it.")
      }
    }
    // Written first, so that a folder that cannot be written is found out before the work is done.
    try dataset.write(to: output.appendingPathComponent("dataset.json"))
    for step in postprocessing?.steps ?? [] { print("Keeping \(step)") }
    try Self.predict(
      cases, with: ensemble, to: output, withProbabilities: saveProbabilities, postprocessing: postprocessing)
  }

  /// What a case's prediction is written to; the segmentation comes last, so it tells that all are there.
  private func files(of one: RawCase, _ dataset: DatasetDescription) -> [URL] {
    let names = [one.name + dataset.fileEnding] + (saveProbabilities ? ["\(one.name)_probabilities.safetensors"] : [])
    return names.map { output.appendingPathComponent($0) }
  }

  /// Segments cases in their order, telling about each how long it took since the one before.
  static func predict(
    _ cases: [RawCase], with ensemble: Ensemble, to folder: URL, withProbabilities: Bool,
    postprocessing: Postprocessing? = nil
  ) throws {
    let progress = Mutex((done: 0, time: Date()))
    try ensemble.predict(cases, withProbabilities: withProbabilities) { prediction in
      var prediction = prediction
      if let postprocessing { prediction.labels = postprocessing.apply(to: prediction.labels) }
      try prediction.write(to: folder)
      progress.withLock { progress in
        let seconds = -progress.time.timeIntervalSinceNow
        progress = (progress.done + 1, Date())
        print(String(format: "%d/%d  %@  %.1f s", progress.done, cases.count, prediction.name, seconds))
      }
    }
  }
}

extension Model.Checkpoint: ExpressibleByArgument {}

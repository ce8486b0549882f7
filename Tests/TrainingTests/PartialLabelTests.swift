import Datasets
import Foundation
import Plans
import TensorFiles
import Tensors
import Testing

@testable import Training

/// Protects training on labels that overlap, and on cases that are annotated only in part.
struct PartialLabelTests {
  private static let regions = #"{"background": 0, "whole": [1, 2], "core": [2]}"#
  private static let annotatedInPart = #"{"background": 0, "ball": 1, "ignore": 2}"#

  private func learns(_ tiny: TinyTraining, _ outputs: [String]) throws {
    tiny.settings.epochs = 3
    tiny.settings.iterationsPerEpoch = 12
    let trainer = try tiny.trainer("model")
    #expect(try trainer.run() == .finished)
    let history = trainer.history
    #expect(history[2].trainingLoss < history[0].trainingLoss - 0.1)
    #expect(history[2].pseudoDice.count == outputs.count)
    let log = try String(contentsOf: tiny.folder.appendingPathComponent("model/log.csv"), encoding: .utf8)
    #expect(log.contains(outputs.map { "pseudo_dice_\($0)," }.joined()))
  }

  /// One sigmoid for each region, in the order of dataset.json: the ball, and the core within it.
  @Test func regions() throws {
    try learns(
      TinyTraining(labels: Self.regions) { label, distance in label == 1 && distance < 8 ? 2 : label },
      ["whole", "core"])
  }

  /// Only voxels near the ball's center were annotated.
  @Test func ignoreLabel() throws {
    try learns(TinyTraining(labels: Self.annotatedInPart) { $1 < 40 ? $0 : 2 }, ["ball"])
  }

  /// Where little was annotated, every patch has annotated voxels, also those that need not have foreground.
  @Test func everyPatchShowsAnAnnotation() throws {
    let tiny = try TinyTraining(labels: Self.annotatedInPart) { $1 < 3 ? $0 : 2 }
    tiny.settings.augmentation = .none
    let maker = try BatchMaker(try tiny.task("model"))
    for iteration in 0..<10 {
      let batch = try maker.batch(BatchRequest(kind: .training, iteration: iteration, cases: [0, 1]))
      for sample in 0..<2 {
        let voxels = batch.labels.count / 2
        #expect(batch.labels[sample * voxels..<(sample + 1) * voxels].contains(1))
      }
    }
  }

  /// Fine-tuning can start from a checkpoint of nnU-Net's.
  @Test func fineTuningFromNNUNet() throws {
    let model = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("InferenceTests/Fixtures/residual")
    let tiny = try TinyTraining()
    var task = try tiny.task("model")
    task.plan.configuration.network = try Plan.read(model.appendingPathComponent("plans.json")).configuration.network
    task.plan.configuration.patchSize = [8, 8, 16]
    task.plan.training.epochs = 1
    task.plan.training.initialLearningRate = 1e-12
    let checkpoint = model.appendingPathComponent("fold_0/checkpoint_final.pth")
    task.initialWeights = checkpoint
    #expect(try Trainer(task, progress: .silent).run() == .finished)
    let before = try PyTorchFile(contentsOf: checkpoint).networkWeights()
    for (name, values) in try tiny.weights("model") where !name.contains(".seg_layers.") {
      #expect(zip(values, try before.floats(name)).allSatisfy { abs($0 - $1) < 1e-5 })
    }
  }

  /// Fine-tuning from a model of other classes takes over all weights except the heads'.
  @Test func fineTuning() throws {
    let first = try TinyTraining()
    first.settings.epochs = 1
    _ = try first.trainer("first").run()
    let tiny = try TinyTraining(labels: Self.regions)
    var task = try tiny.task("model")
    task.initialWeights = first.folder.appendingPathComponent("first/checkpoint_final.safetensors")
    task.plan.training.epochs = 1
    task.plan.training.initialLearningRate = 1e-12
    #expect(try Trainer(task, progress: .silent).run() == .finished)
    let (before, after) = (try first.weights("first"), try tiny.weights("model"))
    for (name, values) in after where !name.contains(".seg_layers.") {
      let start = try #require(before[name])
      #expect(zip(values, start).allSatisfy { abs($0 - $1) < 1e-5 })
    }
    #expect(after["decoder.seg_layers.1.weight"]?.count == before["decoder.seg_layers.1.weight"]?.count)
    #expect(after["decoder.seg_layers.1.weight"] != before["decoder.seg_layers.1.weight"])
  }
}

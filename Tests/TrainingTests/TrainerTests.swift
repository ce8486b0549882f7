import Datasets
import Files
import Foundation
import Tensors
import Testing

@testable import Training

/// Guards the training loop: it learns, it is reproducible, it can be interrupted at any step, and it never loses a model.
struct TrainerTests {
  private func exists(_ tiny: TinyTraining, _ path: String) -> Bool {
    FileManager.default.fileExists(atPath: tiny.folder.appendingPathComponent(path).path)
  }

  /// The loss falls, and all that a model folder needs is there.
  @Test func learns() throws {
    let tiny = try TinyTraining()
    tiny.settings.epochs = 3
    tiny.settings.iterationsPerEpoch = 12
    let trainer = try tiny.trainer("model")
    #expect(try trainer.run() == .finished)
    let history = trainer.history
    #expect(history.count == 3)
    #expect(history[2].trainingLoss < history[0].trainingLoss - 0.1)
    // The learning rate follows (1 − e / n) ^ 0.9.
    for (epoch, record) in history.enumerated() {
      #expect(abs(record.learningRate - 0.01 * pow(1 - Double(epoch) / 3, 0.9)) < 1e-12)
    }
    for file in ["plans.json", "dataset.json", "checkpoint_final.safetensors", "checkpoint_best.safetensors"] {
      #expect(exists(tiny, "model/\(file)"))
    }
    let log = try String(contentsOf: tiny.folder.appendingPathComponent("model/log.csv"), encoding: .utf8)
    #expect(log.split(separator: "\n").count == 4)
    #expect(log.hasPrefix("epoch,learning_rate,train_loss,validation_loss,pseudo_dice_ball,"))
    let sampling = try String(contentsOf: tiny.folder.appendingPathComponent("model/sampling.csv"), encoding: .utf8)
    let draws = sampling.split(separator: "\n").dropFirst().compactMap { Int($0.split(separator: ",")[1]) }
    #expect(draws.reduce(0, +) == 3 * 12 * 2)
  }

  /// Stopped after any step, in training and in validation, and taken up again, a run ends with the weights, the history and the
  /// sampler of one that was never stopped.
  @Test(arguments: [SamplerSettings.Name.uniform, .hardness]) func resumingChangesNothing(
    sampler: SamplerSettings.Name
  ) throws {
    let tiny = try TinyTraining()
    tiny.settings.sampler.name = sampler
    _ = try tiny.trainer("whole").run()
    let expected = try tiny.weights("whole", "checkpoint_latest")
    let history = try tiny.trainer("whole", resumes: true).history

    for stop in [1, 4, 5, 6, 8] {
      let model = "stopped_\(stop)"
      var calls = 0
      let outcome = try tiny.trainer(model).run {
        calls += 1
        return calls == stop
      }
      #expect(outcome == .stopped)
      let resumed = try tiny.trainer(model, resumes: true)
      #expect(try resumed.run() == .finished)
      #expect(try tiny.weights(model, "checkpoint_latest") == expected)
      #expect(resumed.history.map(\.trainingLoss) == history.map(\.trainingLoss))
      #expect(resumed.history.map(\.validationLoss) == history.map(\.validationLoss))
      #expect(resumed.history.map(\.pseudoDice) == history.map(\.pseudoDice))
      #expect(resumed.history.map(\.effectiveCases) == history.map(\.effectiveCases))
    }
  }

  /// Other seeds train other networks.
  @Test func theSeedMatters() throws {
    let tiny = try TinyTraining()
    tiny.settings.epochs = 1
    _ = try tiny.trainer("one").run()
    tiny.settings.seed = 2
    _ = try tiny.trainer("other").run()
    #expect(try tiny.weights("one") != tiny.weights("other"))
  }

  /// The hardness weighted sampler is told every loss: the first sweep goes through all cases, and then losses differ.
  @Test func lossesReachTheSampler() throws {
    let tiny = try TinyTraining()
    tiny.settings.sampler.name = .hardness
    tiny.settings.epochs = 1
    tiny.settings.iterationsPerEpoch = 4
    let trainer = try tiny.trainer("model")
    _ = try trainer.run()
    let text = try String(contentsOf: tiny.folder.appendingPathComponent("model/sampling.csv"), encoding: .utf8)
    let rows = text.split(separator: "\n").dropFirst().map {
      $0.split(separator: ",", omittingEmptySubsequences: false)
    }
    #expect(rows.allSatisfy { Int($0[1]) ?? 0 > 0 })
    let hardest = rows.max { (Double($0[2]) ?? 0) < (Double($1[2]) ?? 0) }
    let likeliest = rows.max { (Double($0[3]) ?? 0) < (Double($1[3]) ?? 0) }
    #expect(hardest == likeliest)
  }

  @Test func modelsAreNotLost() throws {
    let tiny = try TinyTraining()
    tiny.settings.epochs = 1
    tiny.settings.iterationsPerEpoch = 2
    _ = try tiny.trainer("model").run { true }
    #expect(throws: InputError.self) { try tiny.trainer("model") }
    _ = try tiny.trainer("model", resumes: true).run()
    let weights = try tiny.weights("model")
    #expect(throws: InputError.self) { try tiny.trainer("model") }
    // A finished model that is taken up again is finished.
    #expect(try tiny.trainer("model", resumes: true).run { true } == .finished)
    #expect(try tiny.weights("model") == weights)
    tiny.settings.seed = 5
    #expect(throws: InputError.self) { try tiny.trainer("model", resumes: true) }
    _ = try tiny.trainer("model", overwrites: true).run()
    #expect(try tiny.weights("model") != weights)
  }

  /// A run can be extended, but not by accident.
  @Test func extending() throws {
    let tiny = try TinyTraining()
    tiny.settings.epochs = 1
    tiny.settings.iterationsPerEpoch = 2
    _ = try tiny.trainer("model").run()
    tiny.settings.epochs = 2
    #expect(throws: InputError.self) { try tiny.trainer("model", resumes: true).run() }
    let extended = try tiny.trainer("model", resumes: true, overwrites: true)
    #expect(try extended.run() == .finished)
    #expect(extended.history.count == 2)
  }

  /// A checkpoint of other cases is refused: its losses belong to others.
  @Test func otherCasesAreRefused() throws {
    let tiny = try TinyTraining()
    tiny.settings.epochs = 1
    tiny.settings.iterationsPerEpoch = 2
    _ = try tiny.trainer("model").run { true }
    var task = try tiny.task("model", resumes: true)
    task.split = Split(training: Array(tiny.names[1..<5]), validation: [])
    #expect(throws: InputError.self) { try Trainer(task, progress: .silent) }
  }

  @Test func damagedCheckpointsAreRefused() throws {
    let tiny = try TinyTraining()
    tiny.settings.epochs = 1
    tiny.settings.iterationsPerEpoch = 2
    _ = try tiny.trainer("model").run { true }
    let url = tiny.folder.appendingPathComponent("model/checkpoint_latest.safetensors")
    let data = try Data(contentsOf: url)
    try data.prefix(data.count / 2).write(to: url)
    #expect(throws: InputError.self) { try tiny.trainer("model", resumes: true) }
    let text = "\"iteration\\\":1"
    let range = try #require(data.range(of: Data(text.utf8)))
    var spoilt = data
    spoilt[range.upperBound - 1] = UInt8(ascii: "x")
    try spoilt.write(to: url)
    #expect(throws: InputError.self) { try tiny.trainer("model", resumes: true) }
  }

  /// Images that make the loss NaN stop the run with the cases' names, and the checkpoint stays as it was.
  @Test func divergenceNamesTheCases() throws {
    let tiny = try TinyTraining()
    tiny.settings.augmentation = .none
    let voxels = tiny.shape.reduce(1, *)
    for name in tiny.names {
      try tiny.writeCase(
        name, image: Array(repeating: .nan, count: voxels), labels: Array(repeating: 0, count: voxels), locations: [])
    }
    let trainer = try tiny.trainer("model")
    let error = #expect(throws: TrainingError.self) { try trainer.run() }
    #expect(error?.description.contains("case_") == true)
    #expect(!exists(tiny, "model/checkpoint_latest.safetensors"))
  }

  @Test func unusableInputIsRefused() throws {
    let tiny = try TinyTraining()
    var task = try tiny.task("model")
    task.split = Split(training: [], validation: [])
    #expect(throws: InputError.self) { try Trainer(task, progress: .silent) }
    task.split = Split(training: ["nobody"], validation: [])
    #expect(throws: InputError.self) { try Trainer(task, progress: .silent) }
    tiny.settings.sampler.name = .hardness
    task = try tiny.task("model")
    task.split = Split(training: ["case_0"], validation: [])
    #expect(throws: InputError.self) { try Trainer(task, progress: .silent) }
    task = try tiny.task("model")
    task.initialWeights = tiny.folder.appendingPathComponent("nowhere.safetensors")
    #expect(throws: InputError.self) { try Trainer(task, progress: .silent) }
  }

  /// Pseudo Dice of a hand-counted example: one hit of label 1, one voxel each wrong either way; label 2 nowhere.
  @Test func pseudoDice() {
    var dice = PseudoDice(classes: 3)
    let logits = Tensor([1, 1, 1, 4, 3], [0, 1, 0, 2, 1, 0, 0, 3, 1, 5, 1, 0])
    dice.add(logits: logits, labels: [1, 1, 0, 0])
    #expect(dice.values == [0.5, nil])
  }

  /// The moving average starts with the first value, and passes over epochs without one.
  @Test func movingAverage() {
    func record(_ dice: [Double?], after previous: EpochRecord?) -> EpochRecord {
      var record = EpochRecord(
        epoch: 0, learningRate: 0, trainingLoss: 0, pseudoDice: dice, effectiveCases: 1, gradientNorm: 0, seconds: 0)
      record.average(after: previous)
      return record
    }
    let first = record([0.5, nil, 0.7], after: nil)
    #expect(abs((first.averagePseudoDice ?? 0) - 0.6) < 1e-12)
    let second = record([nil], after: first)
    #expect(second.meanPseudoDice == nil && second.averagePseudoDice == first.averagePseudoDice)
    let third = record([0.1], after: second)
    #expect(abs((third.averagePseudoDice ?? 0) - 0.55) < 1e-12)
  }
}

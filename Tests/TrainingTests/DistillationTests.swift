import Datasets
import Files
import Foundation
import HardnessWeighting
import Plans
import TensorFiles
import Tensors
import Testing
import UNet

@testable import Training

/// Protects distillation: what a step learns from the teacher, the weights of the groups, and exact resumption.
struct DistillationTests {
  /// A teacher that has learned nothing, or the same as another network.
  private final class Frozen: Teacher {
    let checksum: String?
    private let network: Network

    init(_ plan: Plan, weights: URL? = nil, checksum: String? = nil) throws {
      self.checksum = checksum
      network = try Network(
        plan.configuration.architecture(inputChannels: 1, outputChannels: 2), patch: plan.configuration.patchSize,
        batchSize: plan.configuration.batchSize, training: weights == nil, seed: 9)
      if let weights { try network.load(Safetensors(contentsOf: weights)) }
    }

    func logits(of input: Tensor) -> Tensor {
      input.withUnsafeBufferPointer { images in
        network.input.withUnsafeMutableBufferPointer { _ = $0.update(from: images) }
      }
      network.forward()
      return network.outputs[0]
    }
  }

  private func tiny(_ change: (inout DistillationSettings) -> Void = { _ in }) throws -> TinyTraining {
    let tiny = try TinyTraining()
    var settings = DistillationSettings()
    change(&settings)
    tiny.settings.distillation = settings
    return tiny
  }

  private func trainer(_ tiny: TinyTraining, _ model: String, resumes: Bool = false, checksum: String? = nil) throws
    -> Trainer
  {
    try Trainer(
      try tiny.task(model, resumes: resumes), progress: .silent, teacher: try Frozen(tiny.plan, checksum: checksum))
  }

  /// The student comes closer to a teacher that has been trained, and the log tells how far it is.
  @Test func theStudentFollowsTheTeacher() throws {
    let tiny = try TinyTraining()
    tiny.settings.epochs = 3
    tiny.settings.iterationsPerEpoch = 12
    _ = try tiny.trainer("teacher").run()
    tiny.settings.distillation = DistillationSettings()
    tiny.settings.seed = 2
    let teacher = try Frozen(
      tiny.plan, weights: tiny.folder.appendingPathComponent("teacher/checkpoint_final.safetensors"))
    let trainer = try Trainer(try tiny.task("student"), progress: .silent, teacher: teacher)
    _ = try trainer.run()
    let losses = trainer.history.compactMap { $0.methods?["distillation_loss"] }
    #expect(losses.count == 3)
    #expect(losses[2] < 0.7 * losses[0])
    let log = try String(contentsOf: tiny.folder.appendingPathComponent("student/log.csv"), encoding: .utf8)
    #expect(log.contains(",distillation_loss,selection_score,"))
  }

  /// A term without a weight leaves the gradient of the loss as it is, to the bit; one with a weight does not. A plan
  /// without the method leaves no trace of it.
  @Test func withoutWeightNothingChanges() throws {
    let tiny = try TinyTraining()
    _ = try tiny.trainer("plain").run()
    let latest = tiny.folder.appendingPathComponent("plain/checkpoint_latest.safetensors")
    let text = try Safetensors(contentsOf: latest).metadata.map { $0.key + $0.value }.joined()
    #expect(!text.contains("method"))
    for (name, weight) in [("idle", 0.0), ("busy", 0.5)] {
      var settings = DistillationSettings()
      settings.weight = weight
      tiny.settings.distillation = settings
      _ = try trainer(tiny, name).run()
      let isSame = try tiny.weights(name) == tiny.weights("plain")
      #expect(isSame == (weight == 0))
    }
  }

  /// A run that is stopped after any step and resumed is the same, with any sampler, plain or by groups.
  @Test(arguments: [false, true], [SamplerSettings.Name.uniform, .hardness]) func resumingChangesNothing(
    groups: Bool, sampler: SamplerSettings.Name
  ) throws {
    let tiny = try tiny {
      $0.groups = groups
      $0.stepSize = 0.5
    }
    tiny.settings.sampler.name = sampler
    tiny.settings.sampler.hardness.importance = .raw
    let whole = try trainer(tiny, "whole")
    _ = try whole.run()
    for stop in [1, 4, 5, 8] {
      let model = "stopped_\(stop)"
      var calls = 0
      let outcome = try trainer(tiny, model).run {
        calls += 1
        return calls == stop
      }
      #expect(outcome == .stopped)
      let resumed = try trainer(tiny, model, resumes: true)
      #expect(try resumed.run() == .finished)
      #expect(try tiny.weights(model, "checkpoint_latest") == tiny.weights("whole", "checkpoint_latest"))
      #expect(resumed.history.map(\.methods) == whole.history.map(\.methods))
    }
    let keys = Set(whole.history[1].methods?.keys.map { $0 } ?? [])
    #expect(
      keys
        == (groups
          ? ["distillation_loss", "distillation_weight_round", "distillation_weight_oval"] : ["distillation_loss"]))
  }

  /// q follows q_g · exp(η · (loss_g + C / √n_g)); a group that is not in the batch keeps its moving average; and the
  /// gradient of a sample is multiplied by its weight, by q_g and by the number of groups.
  @Test func groupWeights() throws {
    let network = try Self.student()
    var settings = DistillationSettings()
    (settings.groups, settings.stepSize, settings.adjustment) = (true, 0.5, 1)
    let teacher = Answer(logits: [0, 0, 0, 0, 2, -1, 1, 3])
    let names = ["a", "a", "a", "b"]
    func distillation(_ settings: DistillationSettings) throws -> Distillation {
      try Distillation(settings, teacher: teacher, student: network, target: .classes, groups: names)
    }
    func gradient(_ method: inout Distillation, cases: [Int], weights: [Double] = [1, 1]) throws -> [Double] {
      network.logitGradients[0].fill(0)
      try method.change(
        TrainingStep(
          network: network, loss: Loss(batchDice: false), iteration: 0, cases: cases, images: [], labels: [],
          weights: weights))
      return network.logitGradients[0].elements.map(Double.init)
    }
    let losses = SoftTargetLoss(network, target: .classes, temperature: 2).losses(teacher: teacher.tensor)
    // The student is flat, and so is the teacher's answer to the first sample.
    #expect(abs(losses[0]) < 1e-6 && losses[1] > 0.1)

    var plain = try distillation(DistillationSettings())
    let reference = try gradient(&plain, cases: [0, 3])
    var method = try distillation(settings)
    let found = try gradient(&method, cases: [0, 3], weights: [1, 0.25])
    #expect(method.state.groups?.groupProbabilities == ["a": 0.5, "b": 0.5])
    method.stepDone()
    var (a, b) = (exp(0.5 * (losses[0] + 1 / 3.0.squareRoot())), exp(0.5 * (losses[1] + 1)))
    let share = b / (a + b)
    #expect(abs((method.state.groups?.groupProbabilities["b"] ?? 0) - share) < 1e-9)
    for (found, reference) in zip(found[4...], reference[4...]) {
      #expect(abs(found - reference * 0.25 * share * 2) < 1e-6)
    }

    // Both samples are of group a now: its average takes a tenth of their mean, and group b keeps its loss.
    _ = try gradient(&method, cases: [1, 2])
    method.stepDone()
    let average = 0.9 * losses[0] + 0.1 * (losses[0] + losses[1]) / 2
    a *= exp(0.5 * (average + 1 / 3.0.squareRoot()))
    b *= exp(0.5 * (losses[1] + 1))
    #expect(abs((method.state.groups?.groupProbabilities["b"] ?? 0) - b / (a + b)) < 1e-9)
    let values = method.endEpoch()
    #expect(abs((values["distillation_loss"] ?? 0) - (losses[0] + losses[1]) / 2) < 1e-9)
    #expect(abs((values["distillation_weight_a"] ?? 0) - a / (a + b)) < 1e-9)
    let empty = method.endEpoch()
    #expect(empty["distillation_loss"] == nil)
  }

  /// A network whose logits are all 0, with batches of two patches of 1 × 1 × 2 voxels.
  private static func student() throws -> Network {
    let architecture = Architecture(
      inputChannels: 1, outputChannels: 2, features: [1, 1], kernels: [[1, 1, 1], [1, 1, 1]],
      strides: [[1, 1, 1], [1, 1, 1]], convolutionsPerStage: [1, 1], convolutionsPerDecoderStage: [1],
      activation: .leakyReLU(slope: 0.01))
    return try Network(architecture, patch: [1, 1, 2], batchSize: 2, training: true)
  }

  /// A teacher that always gives the same answer.
  private struct Answer: Teacher {
    let checksum: String? = nil
    let tensor: Tensor
    init(logits: [Float]) { tensor = Tensor([2, 1, 1, 2, 2], logits) }
    func logits(of input: Tensor) -> Tensor { tensor }
  }

  @Test func whatIsMissingIsNamed() throws {
    let tiny = try tiny { $0.groups = true }
    func expectRefusal(_ word: String, _ body: () throws -> Trainer) {
      let error = #expect(throws: InputError.self) { try body() }
      #expect(error?.description.contains(word) == true, "\(String(describing: error))")
    }
    expectRefusal("--teacher") { try tiny.trainer("model") }
    expectRefusal("Distillation by groups") {
      var task = try tiny.task("model")
      task.groups["case_2"] = nil
      return try Trainer(task, progress: .silent, teacher: try Frozen(tiny.plan))
    }
    let plan = tiny.plan
    tiny.settings.distillation = nil
    expectRefusal("training.distillation={}") {
      try Trainer(try tiny.task("model"), progress: .silent, teacher: try Frozen(plan))
    }
  }

  /// A run goes on with its own teacher only, and with a state that can be.
  @Test func aResumedRunHasTheSameTeacher() throws {
    let tiny = try tiny { $0.groups = true }
    _ = try trainer(tiny, "model", checksum: "1").run { true }
    let error = #expect(throws: InputError.self) { try trainer(tiny, "model", resumes: true, checksum: "2") }
    #expect(error?.found == "a run with another teacher")
    _ = try trainer(tiny, "model", resumes: true, checksum: "1")

    let url = tiny.folder.appendingPathComponent("model/checkpoint_latest.safetensors")
    let file = try Safetensors(contentsOf: url)
    let state = try #require(file.metadata["method_state/distillation"])
    let tensors = try file.entries.map { name, entry in
      Safetensors.Tensor(name, shape: entry.shape, floats: try file.floats(name))
    }
    for (pattern, replacement) in [
      (#""lossSum":[-+.0-9e]+"#, #""lossSum":"nan""#), (#""steps":1"#, #""steps":-1"#), (#""oval""#, #""square""#),
      (#""groups":"#, #""others":"#),
    ] {
      var metadata = file.metadata
      metadata["method_state/distillation"] = state.replacing(try Regex(pattern)) { _ in replacement }
      #expect(metadata["method_state/distillation"] != state)
      try Safetensors.write(tensors, metadata: metadata, to: url)
      #expect(throws: InputError.self) { try trainer(tiny, "model", resumes: true, checksum: "1") }
    }
    var metadata = file.metadata
    metadata["method_state/distillation"] = nil
    try Safetensors.write(tensors, metadata: metadata, to: url)
    #expect(throws: InputError.self) { try trainer(tiny, "model", resumes: true, checksum: "1") }
  }
}

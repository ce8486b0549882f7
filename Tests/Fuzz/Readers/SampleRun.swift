import Files
import Foundation
import HardnessWeighting
import Plans
import TensorFiles
import Tensors
import Training
import UNet

/// A training run with a network of a few weights, which is written and resumed.
final class SampleRun {
  private let network: Network
  private let optimizer: SGD
  private let average: WeightAverage
  private let sampler: any CaseSampler
  private let methods: [any TrainingMethod]

  init() throws {
    let architecture = Architecture(
      inputChannels: 1, outputChannels: 2, features: [1, 2], kernels: [[1, 1, 1], [1, 1, 3]],
      strides: [[1, 1, 1], [1, 1, 2]], convolutionsPerStage: [1, 1], convolutionsPerDecoderStage: [1],
      activation: .leakyReLU(slope: 0.01))
    network = try Network(architecture, patch: [2, 2, 4], batchSize: 2, training: true)
    optimizer = SGD(network, momentum: 0.9, nesterov: true, weightDecay: 0, clip: 12)
    average = WeightAverage(network, decay: 0.9)
    sampler = try ArchivedSampler.used(SampleTables.settings(SampleTables.samplers[6]))
    var methods = try Self.methods(network)
    for index in methods.indices { try Self.step(&methods[index], network) }
    self.methods = methods
  }

  /// Methods with a state, of settings that have the most of it.
  private static func methods(_ network: Network) throws -> [any TrainingMethod] {
    let groups = SampleTables.caseNames.indices.map { $0 < 2 ? "rare" : "other" }
    var distillation = DistillationSettings()
    distillation.groups = true
    var (reweight, robustLoss) = (ReweightSettings(), RobustLossSettings())
    reweight.memory = 0.5
    robustLoss.adaptive = true
    var adversary = AdversarialSettings()
    (adversary.kinds, adversary.share) = ([.contrast, .bias], 1)
    let meta = MetaGradient(network) { _ in
      Batch(images: batch.images, labels: batch.labels, cases: [0, 5], showsForeground: [false, false])
    }
    return [
      Adversarial(adversary, caseCount: SampleTables.caseNames.count, spacing: [1, 1, 1], seed: 1),
      Reweighting(reweight, meta: meta, groups: groups),
      DeepInteractions(
        InteractionSettings(), meta: meta, network: network, labels: 2, steps: 10, seed: 1, groups: groups),
      RobustLoss(robustLoss, network: network, loss: Loss(batchDice: false), meta: meta),
      try Distillation(distillation, teacher: FlatTeacher(), student: network, target: .classes, groups: groups),
    ]
  }

  /// Images and labels of two patches.
  private static let batch: (images: [Float], labels: [Int16]) = (
    (0..<32).map { Float($0 % 5) }, (0..<32).map { $0 % 3 == 0 ? 1 : 0 }
  )

  /// Writes a checkpoint in the middle of the second epoch.
  func write(to url: URL) throws {
    var state = TrainingState(cases: SampleTables.caseNames)
    state.losses.record(losses: [0.5, 0.7, 1], for: [0, 1, 2])
    let record =
      #"{"epoch": 0, "learningRate": 0.01, "trainingLoss": 0.5, "pseudoDice": [0.5, null], "meanPseudoDice": 0.5, "#
      + #""effectiveCases": 3, "beta": 12, "groupDraws": {"rare": 0.5}, "gradientNorm": 1, "seconds": 2}"#
    state.finishEpoch(try JSONDecoder().decode(EpochRecord.self, from: Data(record.utf8)))
    state.drawnBatches = [[1, 4], [2, 5]].map { DrawnBatch(cases: $0, probabilities: [0.2, 0.3]) }
    try TrainingCheckpoint.write(
      network: network, optimizer: optimizer, average: average, state: state, sampler: sampler,
      methods: methods, to: url)
  }

  /// Resumes from a checkpoint, and goes on to the end of the epoch.
  func resume(_ file: Safetensors) throws {
    var state = TrainingState(cases: SampleTables.caseNames)
    var sampler = sampler
    var methods = methods
    try TrainingCheckpoint.read(
      file, network: network, optimizer: optimizer, average: average, state: &state, sampler: &sampler,
      methods: &methods)
    guard state.drawnBatches.allSatisfy({ $0.cases.count == network.batchSize }) else {
      throw WrongResult("a batch of another size")
    }
    average.update()
    _ = (average.state(), optimizer.state())
    try ArchivedSampler.goOn(&sampler)
    for index in methods.indices { try Self.step(&methods[index], network) }
    state.losses.record(losses: [0.1, 0.2], for: [0, 5])
    _ = state.losses.endEpoch()
    _ = state.losses.endEpoch()
  }

  /// Does a step of a method and ends its epoch.
  private static func step(_ method: inout some TrainingMethod, _ network: Network) throws {
    var step = TrainingStep(
      network: network, loss: Loss(batchDice: false), iteration: 0, cases: [0, 5], images: batch.images,
      labels: batch.labels, weights: [1, 0.5])
    try method.prepare(&step)
    step.forward(step.images)
    step.losses = try step.computeLoss(weights: step.weights).map(Double.init)
    try method.weigh(&step)
    try method.change(step)
    method.stepDone()
    _ = method.endEpoch()
  }
}

/// A teacher without an opinion.
private struct FlatTeacher: Teacher {
  let checksum: String? = "00c0ffee"
  func logits(of input: Tensor) -> Tensor { Tensor(Array(input.shape[..<4]) + [2]) }
}

import Files
import Foundation
import Plans
import Tensors
import Testing
import UNet

@testable import Training

/// Protects distillation against PyTorch: losses and gradients at two resolutions against autograd, and the weights of
/// the groups over several steps against the rule of Sagawa et al., which `Tests/Fixtures/group_distillation.py` runs.
@Suite struct DistillationFixtureTests {
  private let values: JSONFields
  private let network: Network

  init() throws {
    let file = URL(fileURLWithPath: #filePath).appendingPathComponent("../../Fixtures/group_distillation.json")
      .standardized
    values = try JSONFields(JSON.parse(Data(contentsOf: file), file: file.path), file: file.path)
    // The second output has half the voxels along y and x; the third, the coarsest, does not count.
    let architecture = Architecture(
      inputChannels: 1, outputChannels: 3, features: [1, 1, 1, 1], kernels: Array(repeating: [1, 1, 1], count: 4),
      strides: [[1, 1, 1], [1, 2, 2], [1, 1, 1], [1, 1, 1]], convolutionsPerStage: [1, 1, 1, 1],
      convolutionsPerDecoderStage: [1, 1, 1], activation: .leakyReLU(slope: 0.01))
    network = try Network(architecture, patch: [2, 2, 2], batchSize: 3, training: true)
    for (output, name) in zip(network.outputs, ["student", "coarse"]) {
      let logits = try values.doubles(name).map { Float($0) }
      try #require(logits.count == output.count)
      output.withUnsafeMutableBufferPointer { _ = $0.update(from: logits) }
    }
  }

  /// The teacher's logits, each sample's multiplied by a number.
  private func teacher(_ scales: [Double]) throws -> Tensor {
    let logits = try values.doubles("teacher")
    let perSample = logits.count / scales.count
    return Tensor(
      try values.ints("shape"), logits.indices.map { Float(logits[$0] * scales[$0 / perSample]) })
  }

  /// Compares the gradient that has been added to the network's with the fixture's, and clears it.
  private func expectGradient(_ fields: JSONFields) throws {
    for (gradient, name) in zip(network.logitGradients, ["gradient", "coarse_gradient"]) {
      for (found, expected) in zip(gradient.elements, try fields.doubles(name)) {
        #expect(abs(Double(found) - expected) < 2e-6)
      }
      gradient.fill(0)
    }
  }

  @Test(arguments: 0..<4) func agreesWithAutograd(index: Int) throws {
    let example = try values.objects("examples")[index]
    let loss = SoftTargetLoss(
      network, target: try example.bool("exclusive") ? .classes : .regions([[1, 2, 3], [2, 3], [3]]),
      temperature: try example.double("temperature"))
    for (found, expected) in zip(loss.losses(teacher: try teacher([1, 1, 1])), try example.doubles("losses")) {
      #expect(abs(found - expected) < 1e-5 * expected)
    }
    for gradient in network.logitGradients { gradient.fill(0) }
    loss.addGradient(factors: try values.doubles("factors"))
    try expectGradient(example)
  }

  /// Groups that have not been seen, that are missing from a batch, or that come several times.
  @Test func groupWeightsFollowTheRule() throws {
    let fields = try values.fields("settings")
    var settings = DistillationSettings()
    (settings.groups, settings.weight) = (true, try fields.double("weight"))
    (settings.temperature, settings.stepSize) = (try fields.double("temperature"), try fields.double("step_size"))
    settings.adjustment = try fields.double("adjustment")
    let answer = Answer(try teacher([1, 1, 1]))
    var method = try Distillation(
      settings, teacher: answer, student: network, target: .classes, groups: values.strings("groups"))
    let loss = SoftTargetLoss(network, target: .classes, temperature: settings.temperature)
    for gradient in network.logitGradients { gradient.fill(0) }
    for (iteration, step) in try values.objects("steps").enumerated() {
      answer.tensor = try teacher(step.doubles("scales"))
      for (found, expected) in zip(loss.losses(teacher: answer.tensor), try step.doubles("losses")) {
        #expect(abs(found - expected) < 1e-5 * expected)
      }
      loss.addGradient(factors: try step.doubles("factors"))
      try expectGradient(step)

      try method.change(
        TrainingStep(
          network: network, loss: Loss(batchDice: false), iteration: iteration, cases: step.ints("cases"), images: [],
          labels: [], weights: step.doubles("weights")))
      method.stepDone()
      try expectGradient(step)
      let shares = method.state.groups?.groupProbabilities ?? [:]
      let expected = try step.fields("q")
      for group in ["a", "b", "c"] {
        #expect(abs((shares[group] ?? 0) - (try expected.double(group))) < 1e-5, "\(group) in step \(iteration)")
      }
    }
  }

  /// A teacher that answers what it is told.
  private final class Answer: Teacher {
    let checksum: String? = nil
    var tensor: Tensor
    init(_ tensor: Tensor) { self.tensor = tensor }
    func logits(of input: Tensor) -> Tensor { tensor }
  }
}

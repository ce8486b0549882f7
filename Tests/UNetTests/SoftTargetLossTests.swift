import Files
import Foundation
import Tensors
import Testing

@testable import UNet

/// Protects the loss of distillation and its gradient against their closed forms in float64, which
/// `Tests/Fixtures/soft_targets.py` computes and holds against central differences.
@Suite struct SoftTargetLossTests {
  private static let shape = [2, 2, 2, 4, 3]
  private let values: JSONFields

  init() throws {
    let file = URL(fileURLWithPath: #filePath).appendingPathComponent("../../Fixtures/soft_targets.json").standardized
    values = try JSONFields(JSON.parse(Data(contentsOf: file), file: file.path), file: file.path)
    #expect(try values.ints("shape") == Self.shape)
  }

  private func logits(_ name: String) throws -> [Float] { try values.doubles(name).map { Float($0) } }

  /// A network with the given logits at full resolution; its second output, if it has one, has half of it.
  private func student(_ logits: [Float], outputs: Int = 1) throws -> Network {
    let stages = outputs + 1
    let architecture = Architecture(
      inputChannels: 1, outputChannels: 3, features: Array(repeating: 1, count: stages),
      kernels: Array(repeating: [1, 1, 1], count: stages),
      strides: [[1, 1, 1], [2, 2, 2]] + Array(repeating: [1, 1, 1], count: stages - 2),
      convolutionsPerStage: Array(repeating: 1, count: stages),
      convolutionsPerDecoderStage: Array(repeating: 1, count: stages - 1), activation: .leakyReLU(slope: 0.01))
    let network = try Network(architecture, patch: Array(Self.shape[1...3]), batchSize: 2, training: true)
    network.outputs[0].withUnsafeMutableBufferPointer { _ = $0.update(from: logits) }
    return network
  }

  @Test(arguments: 0..<6) func agreesWithTheClosedForm(index: Int) throws {
    let example = try values.objects("examples")[index]
    let target = try example.bool("exclusive") ? Loss.Target.classes : .regions([[1, 2, 3], [2, 3], [3]])
    let temperature = try example.double("temperature")
    let network = try student(logits("student"))
    let loss = SoftTargetLoss(network, target: target, temperature: temperature)
    let teacher = Tensor(Self.shape, try logits("teacher"))
    for (found, expected) in zip(loss.losses(teacher: teacher), try example.doubles("losses")) {
      #expect(abs(found - expected) < 1e-5 * expected)
    }
    // What the loss of the labels has written is kept.
    network.logitGradients[0].fill(1)
    loss.addGradient(factors: try values.doubles("factors"))
    for (found, expected) in zip(network.logitGradients[0].elements, try example.doubles("gradient")) {
      #expect(abs(Double(found) - 1 - expected) < 1e-6)
    }
  }

  /// A coarser output learns the mean probabilities of the voxels that its voxels cover.
  @Test(arguments: 0..<6) func coarserOutputs(index: Int) throws {
    let example = try values.objects("examples")[index]
    let target = try example.bool("exclusive") ? Loss.Target.classes : .regions([[1, 2, 3], [2, 3], [3]])
    let network = try student(logits("student"), outputs: 3)
    let coarse = try logits("coarse")
    network.outputs[1].withUnsafeMutableBufferPointer { _ = $0.update(from: coarse) }
    let losses = SoftTargetLoss(network, target: target, temperature: try example.double("temperature")).losses(
      teacher: Tensor(Self.shape, try logits("teacher")))
    // Three outputs weigh 2/3, 1/3 and 0.
    for (n, found) in losses.enumerated() {
      let expected = try 2 / 3 * example.doubles("losses")[n] + 1 / 3 * example.doubles("pooled")[n]
      #expect(abs(found - expected) < 1e-5 * expected)
    }
  }

  /// A student that agrees with its teacher has nothing to learn, however sure both are.
  @Test(arguments: [Loss.Target.classes, .regions([[1, 2, 3], [2, 3], [3]])], [Float(1), 40])
  func nothingToLearn(target: Loss.Target, scale: Float) throws {
    let logits = try logits("student").map { scale * $0 }
    let network = try student(logits)
    let loss = SoftTargetLoss(network, target: target, temperature: 2)
    for value in loss.losses(teacher: Tensor(Self.shape, logits)) { #expect(abs(value) < 1e-5) }
    loss.addGradient(factors: [1, 1])
    #expect(network.logitGradients[0].elements.allSatisfy { abs($0) < 1e-7 })
  }

  /// Where the student is sure of the opposite, loss and gradient are large and finite.
  @Test(arguments: [Loss.Target.classes, .regions([[1, 2, 3], [2, 3], [3]])])
  func certainDisagreement(target: Loss.Target) throws {
    let logits = try logits("student").map { 1e4 * $0 }
    let network = try student(logits)
    let loss = SoftTargetLoss(network, target: target, temperature: 1)
    for value in loss.losses(teacher: Tensor(Self.shape, logits.map { -$0 })) { #expect(value > 1e3 && value.isFinite) }
    loss.addGradient(factors: [1, 1])
    let gradient = network.logitGradients[0].elements
    #expect(gradient.allSatisfy { $0.isFinite })
  }
}

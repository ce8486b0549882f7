import Foundation
import TensorFiles
import Tensors
import TestSupport
import Testing

@testable import UNet

/// Protects networks of every kind that nnU-Net's plans can hold: logits, losses, gradients and names are PyTorch's,
/// with both engines.
///
/// They have residual encoders with every kind of shortcut, batch normalization, instance normalization without
/// parameters, no normalization, convolutions without bias, and smooth activations. The reference values are made by
/// `Tests/Fixtures/networks.py`.
@Suite struct NetworkFixtureTests {
  static let networks: [String: Architecture] = [
    "residual": residual(.instance(affine: true), .leakyReLU(slope: 0.01)),
    "residual_batch_mish": residual(.batch(affine: true), .mish),
    "bare_instance_gelu": plain(.instance(affine: false), bias: false, epsilon: 1e-3, .gelu),
    "no_norm_elu": plain(nil, bias: true, .elu(alpha: 1)),
  ]

  private static func residual(_ normalization: NormalizationKind, _ activation: Activation) -> Architecture {
    Architecture(
      encoder: .residual, inputChannels: 2, outputChannels: 3, features: [2, 3, 3, 4],
      kernels: [[1, 3, 3], [3, 3, 3], [3, 3, 3], [3, 3, 3]],
      strides: [[1, 1, 1], [1, 2, 2], [2, 2, 2], [1, 1, 1]], convolutionsPerStage: [1, 2, 1, 1],
      convolutionsPerDecoderStage: [1, 1, 1], normalization: normalization, activation: activation)
  }

  private static func plain(
    _ normalization: NormalizationKind?, bias: Bool, epsilon: Float = 1e-5, _ activation: Activation
  ) -> Architecture {
    Architecture(
      inputChannels: 2, outputChannels: 3, features: [2, 3, 4], kernels: [[1, 3, 3], [3, 3, 3], [3, 3, 3]],
      strides: [[1, 1, 1], [1, 2, 2], [2, 2, 2]], convolutionsPerStage: [1, 2, 1], convolutionsPerDecoderStage: [2, 1],
      convolutionBias: bias, normalization: normalization, normEpsilon: epsilon, activation: activation)
  }

  private func fixture(_ name: String) throws -> Safetensors {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    return try Safetensors(contentsOf: folder.appendingPathComponent("Fixtures/Networks/\(name).safetensors"))
  }

  private func network(
    _ name: String, weights: Safetensors, input: Safetensors, training: Bool, engine: Engine = .blas
  ) throws -> Network {
    let network = try Network(
      try #require(Self.networks[name]), patch: [4, 8, 8], batchSize: 2, training: training, engine: engine)
    try network.load(weights)
    let images = try input.channelsLast("input")
    network.input.withUnsafeMutableBufferPointer { _ = $0.update(from: images) }
    return network
  }

  @Test(arguments: networks.keys.sorted(), [Engine.blas, .onednn])
  func agreesWithPyTorch(name: String, engine: Engine) throws {
    let file = try fixture(name)
    let network = try network(name, weights: file.part("weights/"), input: file, training: true, engine: engine)
    network.forward()
    for (i, output) in network.outputs.enumerated() {
      expectClose(output.elements, try file.channelsLast("output/\(i)"), "output \(i)")
    }
    let targets = try network.outputs.indices.map { try file.integers("target/\($0)").map { Int16($0) } }
    let losses = try network.computeLoss(Loss(batchDice: false), targets: targets)
    expectClose(losses, try file.floats("losses"), "losses")
    network.backward()
    let reached = network.parameters.filter(\.hasGradient)
    #expect(Set(reached.map { "gradients/" + $0.name }) == Set(file.entries.keys.filter { $0.hasPrefix("gradients/") }))
    for parameter in reached {
      expectClose(
        parameter.inFileOrder(parameter.gradient), try file.floats("gradients/" + parameter.name),
        "gradient of " + parameter.name)
    }
    let saved = try Safetensors.reread(network.weights())
    for name in file.entries.keys where name.hasPrefix("after/") {
      expectClose(try saved.floats(String(name.dropFirst(6))), try file.floats(name), name)
    }
    #expect(Set(saved.entries.keys) == Set(try file.part("weights/").entries.keys))
  }

  /// Along the gradient the slope of the loss is the gradient's length. This check needs no other program.
  @Test(arguments: networks.keys.sorted())
  func finiteDifferences(name: String) throws {
    let file = try fixture(name)
    let network = try network(name, weights: file.part("weights/"), input: file, training: true)
    let labels = try file.integers("target/0").map { Int16($0) }
    func loss() throws -> Double {
      network.forward()
      return try network.computeLoss(Loss(batchDice: true), labels: labels).reduce(0) { $0 + Double($1) } / 2
    }
    _ = try loss()
    network.backward()
    let reached = network.parameters.filter(\.hasGradient)
    let gradients = reached.map(\.gradient.elements)
    let length = gradients.joined().reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
    func move(_ distance: Double) {
      for (parameter, gradient) in zip(reached, gradients) {
        parameter.value.withUnsafeMutableBufferPointer { value in
          for i in value.indices { value[i] += Float(distance / length) * gradient[i] }
        }
      }
    }
    let step = 2e-3
    move(step)
    let above = try loss()
    move(-2 * step)
    let slope = (above - (try loss())) / (2 * step)
    #expect(abs(slope - length) < 0.01 * length, "\(slope) along a gradient of length \(length)")
  }

  /// A network for inference gives the same logits as in training or, with batch normalization, those that follow from
  /// its running statistics.
  @Test(arguments: networks.keys.sorted())
  func inference(name: String) throws {
    let file = try fixture(name)
    let trained = try network(name, weights: file.part("weights/"), input: file, training: true)
    trained.forward()
    let inference = try network(name, weights: .reread(trained.weights()), input: file, training: false)
    inference.forward()
    #expect(inference.outputs.count == 1)
    let expected = file.entries["inference"] == nil ? "output/0" : "inference"
    expectClose(inference.outputs[0].elements, try file.channelsLast(expected), expected)
    trained.forward(inference: true)
    expectClose(inference.outputs[0].elements, trained.outputs[0].elements, "inference of the trained network")
  }

  /// Some of nnU-Net's trainers use batch normalization although the plan says instance normalization. Their weights
  /// show it.
  @Test func batchNormalizationIsSeenInWeights() throws {
    let planned = Self.residual(.instance(affine: true), .mish)
    #expect(planned.withNormalization(of: try fixture("residual").part("weights/")) == planned)
    let weights = try fixture("residual_batch_mish").part("weights/")
    #expect(planned.withNormalization(of: weights) == Self.networks["residual_batch_mish"])
  }

  /// A residual encoder starts as its shortcuts: the last normalization of every block is zero, as in nnU-Net.
  @Test func residualBlocksStartAsShortcuts() throws {
    let network = try Network(
      try #require(Self.networks["residual"]), patch: [4, 8, 8], batchSize: 1, training: true)
    let zeros = network.parameters.filter { $0.value.elements.allSatisfy { $0 == 0 } && $0.name.contains(".norm.w") }
    #expect(zeros.count == 5 && zeros.allSatisfy { $0.name.hasSuffix("conv2.norm.weight") })
  }

  /// A bias before a normalization has a gradient that is zero but for rounding, hence the floor.
  private func expectClose(
    _ found: [Float], _ expected: [Float], _ what: String, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    TestSupport.expectClose(found, expected, what, within: 1e-4, floor: 2e-6, sourceLocation: sourceLocation)
  }
}

import Tensors
import TestSupport
import Testing
import UNet

/// Protects networks whose feature maps are large enough for Winograd's large tiles. In inference their convolutions
/// normalize and activate what they read, and sum up what they write; oneDNN's do neither.
@Suite struct LargeTileNetworkTests {
  static let architectures: [Architecture] = {
    let plain = Architecture(
      inputChannels: 1, outputChannels: 3, features: [16, 32], kernels: [[3, 3, 3], [3, 3, 3]],
      strides: [[1, 1, 1], [2, 2, 2]], convolutionsPerStage: [3, 2], convolutionsPerDecoderStage: [2],
      activation: .leakyReLU(slope: 0.01))
    func changed(_ change: (inout Architecture) -> Void) -> Architecture {
      var architecture = plain
      change(&architecture)
      return architecture
    }
    return [
      plain, changed { $0.activation = .relu }, changed { $0.activation = .leakyReLU(slope: 2) },
      changed { $0.activation = .gelu }, changed { $0.normalization = .batch(affine: true) },
      changed { $0.normalization = nil }, changed { $0.encoder = .residual },
      changed {
        $0.encoder = .residual
        $0.activation = .gelu
      },
    ]
  }()
  static let patch = [16, 20, 24]

  private func network(_ architecture: Architecture, _ engine: Engine, training: Bool) throws -> Network {
    let network = try Network(
      architecture, patch: Self.patch, batchSize: 2, training: training, engine: engine, seed: 3)
    network.input.withUnsafeMutableBufferPointer { for i in $0.indices { $0[i] = Float(i * 7919 % 1009) / 500 - 1 } }
    return network
  }

  private let labels = (0..<2 * patch.reduce(1, *)).map { Int16($0 / 37 % 3) }

  @Test(arguments: architectures)
  func inferenceGivesTheSameLogits(architecture: Architecture) throws {
    let trained = try network(architecture, .onednn, training: true)
    // A zero-initialized normalization would hide what residual blocks compute.
    for parameter in trained.parameters where parameter.name.contains(".norm.") {
      parameter.value.withUnsafeMutableBufferPointer {
        for i in $0.indices { $0[i] = Float(i * 31 % 17) / 16 + 0.25 }
      }
    }
    trained.forward(inference: true)
    for engine in [Engine.blas, .auto] {
      let inference = try network(architecture, engine, training: false)
      #expect(inference.convolutions.contains { $0.contains("large tiles") })
      try inference.load(.reread(trained.weights()))
      // Twice: features take turns in two buffers.
      for _ in 0..<2 { inference.forward() }
      expectClose(inference.outputs[0].elements, trained.outputs[0].elements, "logits", within: 2e-5)
    }
  }

  @Test(arguments: architectures)
  func gradientsAreThose(architecture: Architecture) throws {
    func gradients(_ engine: Engine) throws -> [Parameter] {
      let network = try network(architecture, engine, training: true)
      network.forward()
      _ = try network.computeLoss(Loss(batchDice: true), labels: labels)
      network.backward()
      return network.parameters
    }
    var (difference, length) = (0.0, 0.0)
    for (found, expected) in zip(try gradients(.blas), try gradients(.onednn)) where expected.hasGradient {
      for (a, b) in zip(found.gradient.elements, expected.gradient.elements) {
        difference += Double(a - b) * Double(a - b)
        length += Double(b) * Double(b)
      }
    }
    // Rounding takes some voxels across the kink of an activation, which changes their gradient.
    #expect((difference / length).squareRoot() < (architecture.activation == .gelu ? 2e-5 : 5e-3))
  }

  /// Large tiles round more, but the difference of two passes stays exact. The activation is smooth, since at a kink
  /// there is no tangent.
  @Test func logitTangentIsExact() throws {
    var architecture = Self.architectures[0]
    architecture.activation = .gelu
    let network = try network(architecture, .blas, training: true)
    network.forward()
    _ = try network.computeLoss(Loss(batchDice: true), labels: labels)
    network.backward()
    let tangent = LogitTangent(network)
    tangent.takeDirection()
    let squares = network.parameters.filter(\.hasGradient).flatMap(\.gradient.elements).reduce(0.0) {
      $0 + Double($1) * Double($1)
    }
    try #require(tangent.compute())
    #expect(abs(tangent.product() / squares - 1) < 3e-4)
  }
}

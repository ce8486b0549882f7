import Foundation
import TensorFiles
import Tensors
import TestSupport
import Testing

@testable import UNet

/// The network, its losses, its gradients and its optimizer give PyTorch's numbers, by both engines.
@Suite(.enabled(if: Golden.isPresent, Comment(rawValue: Golden.absence)))
struct GoldenNetworkTests {
  static let files: [String] =
    ((try? FileManager.default.contentsOfDirectory(atPath: Golden.folder.path)) ?? [])
    .filter { $0.hasPrefix("unet_") && $0.hasSuffix(".safetensors") }.sorted()

  @Test(arguments: files, [Engine.blas, .onednn])
  func agreesWithPyTorch(file: String, engine: Engine) throws {
    let golden = try Golden.tensors(file)
    let input = try golden.entry("input").shape
    let architecture = try Self.architecture(golden)
    let network = try Network(
      architecture, patch: Array(input[2...]), batchSize: input[0], training: true, engine: engine)

    try network.load(try golden.part("weights/"))
    let images = try golden.channelsLast("input")
    network.input.withUnsafeMutableBufferPointer { _ = $0.update(from: images) }

    network.forward()
    for (i, output) in network.outputs.enumerated() {
      Self.expectClose(output.elements, try golden.channelsLast("output/\(i)"), "output \(i)")
    }
    let targets = try network.outputs.indices.map { try golden.integers("target/\($0)").map { Int16($0) } }
    let losses = try network.computeLoss(Loss(batchDice: false), targets: targets)
    Self.expectClose(losses, try golden.floats("losses"), "losses")
    #expect(
      DeepSupervision.weights(outputs: network.outputs.count).elementsEqual(try golden.doubles("ds_weights")) {
        abs($0 - $1) < 1e-12
      })

    let optimizer = SGD(network, momentum: 0.99, nesterov: true, weightDecay: 3e-5, clip: 12)
    network.backward()
    for parameter in network.parameters where parameter.hasGradient {
      Self.expectClose(
        parameter.inFileOrder(parameter.gradient), try golden.floats("gradients/" + parameter.name),
        "gradient of " + parameter.name, floor: 1e-6)
    }
    let norm = optimizer.step(learningRate: 0.01)
    #expect(abs(norm - (try golden.floats("gradient_norm")[0])) < 1e-4 * norm)
    try Self.expectParameters(network, "after_step_1/", golden)
    network.forward()
    _ = try network.computeLoss(Loss(batchDice: false), targets: targets)
    network.backward()
    _ = optimizer.step(learningRate: 0.01)
    try Self.expectParameters(network, "after_step_2/", golden)
  }

  private static func expectParameters(_ network: Network, _ prefix: String, _ golden: Safetensors) throws {
    for parameter in network.parameters {
      expectClose(
        parameter.inFileOrder(parameter.value), try golden.floats(prefix + parameter.name), prefix + parameter.name)
    }
  }

  private static func architecture(_ golden: Safetensors) throws -> Architecture {
    func metadata<Value: Decodable>(_ key: String, _: Value.Type) throws -> Value {
      try JSONDecoder().decode(Value.self, from: Data(try #require(golden.metadata[key]).utf8))
    }
    let features = try metadata("features", [Int].self)
    return Architecture(
      inputChannels: try metadata("channels", Int.self), outputChannels: try metadata("classes", Int.self),
      features: features, kernels: try metadata("kernels", [[Int]].self),
      strides: try metadata("strides", [[Int]].self),
      convolutionsPerStage: features.map { _ in 2 }, convolutionsPerDecoderStage: features.dropFirst().map { _ in 2 },
      activation: golden.metadata["activation"] == "relu" ? .relu : .leakyReLU(slope: 0.01))
  }

  /// Within 1e-4 of the largest magnitude, or of `floor` where a tensor is zero but for rounding.
  ///
  /// One element in a thousand may differ by 3e-4: where an activation's input is zero but for rounding, its gradient
  /// is either of two values, and PyTorch's own float32 differs from its float64 by up to 1.2e-4 after two steps.
  private static func expectClose(_ found: [Float], _ expected: [Float], _ what: String, floor: Float = 0) {
    #expect(found.count == expected.count, "\(what)")
    let scale = expected.map(abs).max() ?? 0
    let differences = zip(found, expected).map { abs($0 - $1) }
    let worst = differences.max() ?? 0
    let odd = differences.count { $0 > max(1e-4 * scale, floor) }
    #expect(
      worst <= max(3e-4 * scale, floor) && odd * 1000 <= differences.count,
      "\(what): \(odd) of \(differences.count) differ, by up to \(worst) of \(scale)")
  }
}

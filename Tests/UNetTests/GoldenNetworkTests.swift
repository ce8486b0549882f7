import Foundation
import Statistics
import TensorFiles
import Tensors
import TestSupport
import Testing

@testable import UNet

/// Protects two whole training steps: outputs, losses, gradients and weights are PyTorch's, with both engines.
@Suite(.enabled(if: Golden.isPresent, Comment(rawValue: Golden.absence)))
struct GoldenNetworkTests {
  static let files: [String] =
    ((try? FileManager.default.contentsOfDirectory(atPath: Golden.folder.path)) ?? [])
    .filter { $0.hasPrefix("unet_") && $0.hasSuffix(".safetensors") }.sorted()

  @Test func thereAreReferences() { #expect(!Self.files.isEmpty) }

  /// Every value is within 1e-4 of the largest magnitude of its tensor.
  ///
  /// ReLU's slope jumps at zero. Where an activation's input is zero but for rounding, either slope is right, and the
  /// gradients of the two differ by more than rounding. `margins` measures by how much.
  @Test(arguments: files, [Engine.blas, .onednn])
  func agreesWithPyTorch(file: String, engine: Engine) throws {
    let reference = try Reference(file)
    let found = try reference.train(engine)
    let margins = try reference.margins(around: found, engine)
    #expect(Set(found.keys) == Set(reference.names))
    for name in reference.names {
      let isForward = name.hasPrefix("output/") || name == "losses"
      // A bias before a normalization has a gradient that is zero but for rounding.
      let floor: Float = name.hasPrefix("gradients/") ? 1e-6 : 0
      expectClose(
        try #require(found[name]), try reference.values(name), name, within: 1e-4, floor: floor,
        margins: isForward ? nil : margins[name])
    }
  }

  @Test(arguments: files) func deepSupervisionWeights(file: String) throws {
    let golden = try Golden.tensors(file)
    let expected = try golden.doubles("ds_weights")
    #expect(DeepSupervision.weights(outputs: expected.count).elementsEqual(expected) { abs($0 - $1) < 1e-12 })
  }
}

/// The network of a reference file, and what PyTorch computed with it.
private struct Reference {
  /// Normalized features are of magnitude one; after several layers they differ from PyTorch's by about this much.
  static let rounding: Float = 0x1p-19

  private let file: Safetensors
  private let architecture: Architecture

  init(_ name: String) throws {
    file = try Golden.tensors(name)
    architecture = try Self.architecture(file)
  }

  /// The tensors that two training steps are expected to give.
  var names: [String] {
    let groups = ["output/", "gradients/", "after_step_1/", "after_step_2/"]
    return file.entries.keys.sorted().filter { name in
      ["losses", "gradient_norm"].contains(name) || groups.contains { name.hasPrefix($0) }
    }
  }

  func values(_ name: String) throws -> [Float] {
    try name.hasPrefix("output/") ? file.channelsLast(name) : file.floats(name)
  }

  /// Two training steps from the file's weights.
  ///
  /// - Parameter shift: Added to the input of the activation of a block's channel while gradients are computed.
  /// - Returns: What `names` lists.
  func train(_ engine: Engine, shift: () -> Float = { 0 }) throws -> [String: [Float]] {
    let input = try file.entry("input").shape
    let network = try Network(
      architecture, patch: Array(input[2...]), batchSize: input[0], training: true, engine: engine)
    try network.load(try file.part("weights/"))
    let images = try file.channelsLast("input")
    network.input.withUnsafeMutableBufferPointer { _ = $0.update(from: images) }
    let targets = try network.outputs.indices.map { try file.integers("target/\($0)").map { Int16($0) } }
    let optimizer = SGD(network, momentum: 0.99, nesterov: true, weightDecay: 3e-5, clip: 12)

    var found: [String: [Float]] = [:]
    for step in 1...2 {
      // The normalization's bias is what a channel's activation inputs have in common.
      let biases = network.parameters.filter { $0.name.hasSuffix(".norm.bias") }.map(\.value)
      let unshifted = biases.map(\.elements)
      for bias in biases {
        let shifted = bias.elements.map { $0 + shift() }
        bias.withUnsafeMutableBufferPointer { _ = $0.update(from: shifted) }
      }
      network.forward()
      let losses = try network.computeLoss(Loss(batchDice: false), targets: targets)
      if step == 1 {
        for (i, output) in network.outputs.enumerated() { found["output/\(i)"] = output.elements }
        found["losses"] = losses
      }
      network.backward()
      for (bias, elements) in zip(biases, unshifted) {
        bias.withUnsafeMutableBufferPointer { _ = $0.update(from: elements) }
      }
      if step == 1 {
        for parameter in network.parameters where parameter.hasGradient {
          found["gradients/" + parameter.name] = parameter.inFileOrder(parameter.gradient)
        }
      }
      let norm = optimizer.step(learningRate: 0.01)
      if step == 1 { found["gradient_norm"] = [norm] }
      for parameter in network.parameters {
        found["after_step_\(step)/" + parameter.name] = parameter.inFileOrder(parameter.value)
      }
    }
    return found
  }

  /// By how much each element may change when the inputs of activations are moved by rounding.
  ///
  /// Trains with all of them moved up, all moved down, and each channel moved either way at random. An element that no
  /// activation near its kink contributes to hardly changes, so its margin is far below the tolerance.
  func margins(around center: [String: [Float]], _ engine: Engine) throws -> [String: [Float]] {
    var random = CounterRandom(seed: 1)
    let shifts: [() -> Float] =
      [{ Self.rounding }, { -Self.rounding }]
      + (0..<4).map { _ in { Bool.random(using: &random) ? Self.rounding : -Self.rounding } }
    var margins = center.mapValues { $0.map { _ in Float(0) } }
    for shift in shifts {
      for (name, values) in try train(engine, shift: shift) {
        guard let middle = center[name], let margin = margins[name] else { continue }
        margins[name] = zip(zip(values, middle), margin).map { max(abs($0.0 - $0.1), $1) }
      }
    }
    return margins
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
}

import Foundation
import TensorFiles
import Tensors
import TestSupport
import Testing

@testable import UNet

/// Protects two whole training steps: outputs, losses, gradients and weights are PyTorch's, with both engines.
///
/// Every value is within 1e-4 of the largest magnitude of its tensor. The slope of ReLU jumps at zero, though: where an
/// activation's input is zero but for rounding, either slope is right, and the gradients differ by more than rounding.
/// So if gradients differ, the inputs of activations are moved by as much as rounding moves them, until all gradients
/// are PyTorch's at once. A network whose gradients are wrong elsewhere stays wrong.
@Suite(.enabled(if: Golden.isPresent, Comment(rawValue: Golden.absence)))
struct GoldenNetworkTests {
  static let files: [String] =
    ((try? FileManager.default.contentsOfDirectory(atPath: Golden.folder.path)) ?? [])
    .filter { $0.hasPrefix("unet_") && $0.hasSuffix(".safetensors") }.sorted()

  @Test func thereAreReferences() { #expect(!Self.files.isEmpty) }

  @Test(arguments: files, [Engine.blas, .onednn])
  func agreesWithPyTorch(file: String, engine: Engine) throws {
    let training = try ReferenceTraining(file)
    #expect(training.expected.keys.contains("output/0") && training.expected.keys.contains("losses"))
    var nudges = ActivationNudges()
    var found = try training.run(engine, nudges)
    #expect(Set(found.keys) == Set(training.expected.keys))
    // Only gradients have jumps. Without the right outputs there is no point in searching.
    if training.differences(found, in: "output/", "losses") == 0 {
      for step in 1...2 {
        (nudges, found) = try training.nudged(step, from: nudges, found, engine)
      }
    }
    for (name, expected) in training.expected.sorted(by: { $0.key < $1.key }) {
      expectClose(
        try #require(found[name]), expected, name, within: ReferenceTraining.tolerance,
        floor: ReferenceTraining.floor(name))
    }
  }

  @Test(arguments: files) func deepSupervisionWeights(file: String) throws {
    let expected = try Golden.tensors(file).doubles("ds_weights")
    #expect(DeepSupervision.weights(outputs: expected.count).elementsEqual(expected) { abs($0 - $1) < 1e-12 })
  }
}

/// By how much the inputs of activations are moved while the gradients of each of two steps are computed: a number for
/// each normalization layer, in the order of the network's parameters. Layers that are not listed are not moved.
private struct ActivationNudges {
  var steps: [[Int: Float]] = [[:], [:]]
}

/// Two training steps of the network in a reference file.
private struct ReferenceTraining {
  static let tolerance: Float = 1e-4

  /// By how much rounding may move a normalized feature, which is of magnitude one.
  static let roundings: [Float] = [0x1p-21, 0x1p-20, 0x1p-19]

  /// What PyTorch computed, by name; outputs with their channels last.
  let expected: [String: [Float]]
  private let file: Safetensors
  private let architecture: Architecture

  init(_ name: String) throws {
    let file = try Golden.tensors(name)
    let groups = ["output/", "gradients/", "after_step_1/", "after_step_2/"]
    let names = file.entries.keys.filter { name in
      ["losses", "gradient_norm"].contains(name) || groups.contains { name.hasPrefix($0) }
    }
    expected = try Dictionary(
      uniqueKeysWithValues: names.map {
        ($0, try $0.hasPrefix("output/") ? file.channelsLast($0) : file.floats($0))
      })
    architecture = try Self.architecture(file)
    self.file = file
  }

  /// A bias before a normalization has a gradient that is zero but for rounding.
  static func floor(_ name: String) -> Float { name.hasPrefix("gradients/") ? 1e-6 : 0 }

  /// The number of elements that are not PyTorch's, in the tensors whose names begin with one of `groups`.
  func differences(_ found: [String: [Float]], in groups: String...) -> Int {
    expected.reduce(0) { count, entry in
      guard groups.contains(where: entry.key.hasPrefix), let found = found[entry.key] else { return count }
      let tolerance = max(Self.tolerance * (entry.value.map(abs).max() ?? 0), Self.floor(entry.key))
      return count + zip(found, entry.value).count { !(abs($0 - $1) <= tolerance) }
    }
  }

  /// Trains two steps from the file's weights.
  ///
  /// - Returns: The tensors that `expected` has, under the same names.
  func run(_ engine: Engine, _ nudges: ActivationNudges) throws -> [String: [Float]] {
    let input = try file.entry("input").shape
    let network = try Network(
      architecture, patch: Array(input[2...]), batchSize: input[0], training: true, engine: engine)
    try network.load(try file.part("weights/"))
    let images = try file.channelsLast("input")
    network.input.withUnsafeMutableBufferPointer { _ = $0.update(from: images) }
    let targets = try network.outputs.indices.map { try file.integers("target/\($0)").map { Int16($0) } }
    let optimizer = SGD(network, momentum: 0.99, nesterov: true, weightDecay: 3e-5, clip: 12)
    let biases = normalizationBiases(network)

    var found: [String: [Float]] = [:]
    for (step, nudges) in zip(1..., nudges.steps) {
      // The bias of a normalization moves the inputs of all activations behind it.
      let unmoved = nudges.keys.map { (biases[$0], biases[$0].elements) }
      for (layer, nudge) in nudges { biases[layer].update(from: biases[layer].elements.map { $0 + nudge }) }
      network.forward()
      let losses = try network.computeLoss(Loss(batchDice: false), targets: targets)
      network.backward()
      for (bias, elements) in unmoved { bias.update(from: elements) }
      if step == 1 {
        for (i, output) in network.outputs.enumerated() { found["output/\(i)"] = output.elements }
        found["losses"] = losses
        for parameter in network.parameters {
          // The coarsest output has no weight in deep supervision, so its head has no gradient.
          found["gradients/" + parameter.name] =
            parameter.hasGradient
            ? parameter.inFileOrder(parameter.gradient) : parameter.value.elements.map { _ in 0 }
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

  /// Searches for nudges of one step with which its gradients, and the weights after it, are PyTorch's.
  ///
  /// Layer by layer a nudge is kept if fewer elements differ with it. In the usual case none differ to begin with.
  func nudged(
    _ step: Int, from nudges: ActivationNudges, _ found: [String: [Float]], _ engine: Engine
  ) throws -> (ActivationNudges, [String: [Float]]) {
    func differences(_ found: [String: [Float]]) -> Int {
      step == 1
        ? self.differences(found, in: "gradient", "after_step_1/") : self.differences(found, in: "after_step_2/")
    }
    var (best, bestFound, fewest) = (nudges, found, differences(found))
    let layers = expected.keys.count { $0.hasPrefix("gradients/") && Self.isNormalizationBias($0) }
    for rounding in Self.roundings {
      for layer in (0..<layers).reversed() {
        for nudge in [rounding, -rounding] where fewest > 0 {
          var candidate = best
          candidate.steps[step - 1][layer] = nudge
          let found = try run(engine, candidate)
          let count = differences(found)
          if count < fewest { (best, bestFound, fewest) = (candidate, found, count) }
        }
      }
    }
    return (best, bestFound)
  }

  private static func isNormalizationBias(_ name: String) -> Bool { name.hasSuffix(".norm.bias") }

  private func normalizationBiases(_ network: Network) -> [Tensor] {
    network.parameters.filter { Self.isNormalizationBias($0.name) }.map(\.value)
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

extension Tensor {
  fileprivate func update(from elements: [Float]) {
    withUnsafeMutableBufferPointer { _ = $0.update(from: elements) }
  }
}

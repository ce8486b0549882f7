import Foundation
import Tensors
import TestSupport
import Testing
import UNet

/// The network, its losses, its gradients and its optimiser give PyTorch's numbers, by both engines.
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

    try network.load(try Self.part("weights/", of: golden))
    let images = try golden.floats("input")
    network.input.withUnsafeMutableBufferPointer { _ = $0.update(from: Self.channelsLast(images, input)) }

    network.forward()
    for (i, output) in network.outputs.enumerated() {
      let shape = try golden.entry("output/\(i)").shape
      Self.expectClose(
        output.elements, Self.channelsLast(try golden.floats("output/\(i)"), shape), "output \(i)")
    }
    let targets = try network.outputs.indices.map { try golden.integers("target/\($0)").map { Int16($0) } }
    let losses = try network.computeLoss(targets: targets, batchDice: false)
    Self.expectClose(losses, try golden.floats("losses"), "losses")
    #expect(
      DeepSupervision.weights(outputs: network.outputs.count).elementsEqual(try golden.doubles("ds_weights")) {
        abs($0 - $1) < 1e-12
      })

    let optimizer = SGD(network, momentum: 0.99, nesterov: true, weightDecay: 3e-5, clip: 12)
    network.backward()
    for parameter in network.parameters where parameter.hasGradient {
      Self.expectClose(
        Self.inFileOrder(parameter.gradient, parameter), try golden.floats("gradients/" + parameter.name),
        "gradient of " + parameter.name, floor: 1e-6)
    }
    let norm = optimizer.step(learningRate: 0.01)
    #expect(abs(norm - (try golden.floats("gradient_norm")[0])) < 1e-4 * norm)
    try Self.expectParameters(network, "after_step_1/", golden)
    network.forward()
    _ = try network.computeLoss(targets: targets, batchDice: false)
    network.backward()
    _ = optimizer.step(learningRate: 0.01)
    try Self.expectParameters(network, "after_step_2/", golden)
  }

  private static func expectParameters(_ network: Network, _ prefix: String, _ golden: Safetensors) throws {
    for parameter in network.parameters {
      expectClose(
        inFileOrder(parameter.value, parameter), try golden.floats(prefix + parameter.name), prefix + parameter.name)
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
      convsPerStage: features.map { _ in 2 }, convsPerDecoderStage: features.dropFirst().map { _ in 2 },
      activation: golden.metadata["activation"] == "relu" ? .relu : .leakyReLU(slope: 0.01))
  }

  /// The tensors under a prefix, as the weights file they would be.
  private static func part(_ prefix: String, of golden: Safetensors) throws -> Safetensors {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).safetensors")
    defer { try? FileManager.default.removeItem(at: url) }
    try Safetensors.write(
      golden.entries.filter { $0.key.hasPrefix(prefix) }.map {
        .init(String($0.key.dropFirst(prefix.count)), shape: $0.value.shape, floats: try golden.floats($0.key))
      }, to: url)
    return try Safetensors(contentsOf: url)
  }

  /// (a, k, b) to PyTorch's (a, b, k).
  private static func inFileOrder(_ tensor: Tensor, _ parameter: Parameter) -> [Float] {
    let shape = tensor.shape
    guard shape.count == 5 else { return tensor.elements }
    return channelsFirst(tensor.elements, shape)
  }

  /// (n, c, z, y, x) to (n, z, y, x, c); `shape` is that of the source.
  private static func channelsLast(_ source: [Float], _ shape: [Int]) -> [Float] {
    let (channels, voxels) = (shape[1], shape[2...].reduce(1, *))
    var result = source
    for n in 0..<shape[0] {
      for c in 0..<channels {
        for v in 0..<voxels { result[(n * voxels + v) * channels + c] = source[(n * channels + c) * voxels + v] }
      }
    }
    return result
  }

  /// (n, z, y, x, c) to (n, c, z, y, x); `shape` is that of the source.
  private static func channelsFirst(_ source: [Float], _ shape: [Int]) -> [Float] {
    let (channels, voxels) = (shape[4], shape[1...3].reduce(1, *))
    var result = source
    for n in 0..<shape[0] {
      for c in 0..<channels {
        for v in 0..<voxels { result[(n * channels + c) * voxels + v] = source[(n * voxels + v) * channels + c] }
      }
    }
    return result
  }

  /// Within 1e-4 of the largest magnitude, or of `floor` where a tensor is zero but for rounding.
  ///
  /// One element in a thousand may differ by 3e-4: where an activation's input is zero but for rounding, its gradient is either of
  /// two values, and PyTorch's own float32 differs from its float64 by up to 1.2e-4 after two steps.
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

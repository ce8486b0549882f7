import Files
import Foundation
import TensorFiles
import Tensors
import Testing
import Threads
import UNet

/// Protects a network's weights and its reproducibility: weights load into the same architecture and no other, training
/// repeats bit for bit, and unusable plans are refused.
@Suite struct NetworkTests {
  static let architecture = Architecture(
    inputChannels: 2, outputChannels: 3, features: [16, 32, 32], kernels: [[1, 3, 3], [3, 3, 3], [3, 3, 3]],
    strides: [[1, 1, 1], [1, 2, 2], [2, 2, 2]], convolutionsPerStage: [2, 2, 2], convolutionsPerDecoderStage: [2, 1],
    activation: .leakyReLU(slope: 0.01))
  static let patch = [8, 16, 12]

  private func network(
    _ architecture: Architecture = architecture, seed: UInt64 = 1, engine: Engine = .auto
  ) throws -> Network {
    let network = try Network(
      architecture, patch: Self.patch, batchSize: 2, training: true, engine: engine, seed: seed)
    network.input.withUnsafeMutableBufferPointer { for i in $0.indices { $0[i] = Float(i * 7919 % 1009) / 500 - 1 } }
    return network
  }

  private func step(_ network: Network, _ optimizer: SGD) throws -> [Float] {
    let labels = (0..<2 * Self.patch.reduce(1, *)).map { Int16($0 / 5 % 3) }
    network.forward()
    let losses = try network.computeLoss(Loss(batchDice: false), labels: labels)
    network.backward()
    _ = optimizer.step(learningRate: 0.01)
    return losses
  }

  private func optimizer(_ network: Network) -> SGD {
    SGD(network, momentum: 0.99, nesterov: true, weightDecay: 3e-5, clip: 12)
  }

  @Test func weightsAndMomentumContinueToTheBit() throws {
    let first = try network()
    let firstOptimizer = optimizer(first)
    for _ in 0..<3 { _ = try step(first, firstOptimizer) }
    let second = try network(seed: 2)
    let secondOptimizer = optimizer(second)
    try second.load(try .reread(first.weights()))
    try secondOptimizer.load(.reread(firstOptimizer.state()))
    for _ in 0..<2 { #expect(try step(first, firstOptimizer) == step(second, secondOptimizer)) }
    for (a, b) in zip(first.parameters, second.parameters) { #expect(a.value.elements == b.value.elements) }
  }

  /// What a task computes depends only on its index. The limit on threads is the process's, hence the second process.
  @Test func resultsDoNotDependOnTheNumberOfThreads() async {
    await #expect(processExitsWith: .success) {
      func trained(threads: Int) throws -> [[Float]] {
        Parallel.limit(to: threads)
        let tests = NetworkTests()
        let network = try tests.network(engine: .blas)
        let optimizer = tests.optimizer(network)
        for _ in 0..<2 { _ = try tests.step(network, optimizer) }
        return network.parameters.map(\.value.elements)
      }
      try #require(try trained(threads: 1) == trained(threads: 3))
    }
  }

  @Test func inferenceGivesTheSameLogits() throws {
    let trained = try network()
    let inference = try Network(Self.architecture, patch: Self.patch, batchSize: 2, training: false, seed: 9)
    try inference.load(.reread(trained.weights()))
    trained.input.withUnsafeBufferPointer { source in
      inference.input.withUnsafeMutableBufferPointer { _ = $0.update(from: source) }
    }
    trained.forward()
    inference.forward()
    #expect(inference.outputs.count == 1)
    #expect(inference.outputs[0].elements == trained.outputs[0].elements)
  }

  /// In bfloat16 the losses agree closely, and the gradients point in nearly the same direction.
  @Test(
    .enabled(if: Precision.bfloat16.isNative, "this processor has no AVX-512 BF16"), arguments: [Engine.auto, .onednn],
    [Architecture.EncoderKind.plain, .residual])
  func bfloat16StaysClose(engine: Engine, encoder: Architecture.EncoderKind) throws {
    let labels = (0..<2 * Self.patch.reduce(1, *)).map { Int16($0 / 5 % 3) }
    var architecture = Self.architecture
    architecture.kernels[0] = [3, 3, 3]
    architecture.encoder = encoder
    if encoder == .residual { architecture.activation = .gelu }
    func passed(_ precision: Precision) throws -> (losses: [Float], gradient: [Float]) {
      let network = try Network(
        architecture, patch: Self.patch, batchSize: 2, training: true, engine: engine, precision: precision)
      network.input.withUnsafeMutableBufferPointer { for i in $0.indices { $0[i] = Float(i * 7919 % 1009) / 500 - 1 } }
      network.forward()
      let losses = try network.computeLoss(Loss(batchDice: false), labels: labels)
      network.backward()
      return (losses, network.parameters.filter(\.hasGradient).flatMap(\.gradient.elements))
    }
    let (exact, half) = (try passed(.float32), try passed(.bfloat16))
    for (a, b) in zip(exact.losses, half.losses) { #expect(abs(a - b) < 0.01 * abs(a), "\(b) instead of \(a)") }
    func product(_ a: [Float], _ b: [Float]) -> Double { zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) } }
    let (a, b) = (exact.gradient, half.gradient)
    #expect(product(a, b) / (product(a, a) * product(b, b)).squareRoot() > 0.98)
  }

  @Test func duplicateNamesAreIgnored() throws {
    let network = try network()
    let duplicate = Safetensors.Tensor(
      "encoder.stages.0.0.convs.0.all_modules.0.bias", shape: [16], floats: Array(repeating: 5, count: 16))
    try network.load(.reread(network.weights() + [duplicate]))
  }

  @Test func anotherArchitectureIsRefused() throws {
    var wider = Self.architecture
    wider.features = [16, 32, 48]
    var deeper = Self.architecture
    deeper.features.append(32)
    deeper.kernels.append([3, 3, 3])
    deeper.strides.append([1, 2, 1])
    deeper.convolutionsPerStage.append(2)
    deeper.convolutionsPerDecoderStage = [2, 2, 1]
    for other in [wider, deeper] {
      let weights = try Safetensors.reread(network(other).weights())
      let mine = try network()
      let before = mine.parameters.map(\.value.elements)
      #expect(throws: InputError.self) { try mine.load(weights) }
      #expect(mine.parameters.map(\.value.elements) == before)
    }
  }

  @Test func weightsThatAreNotFiniteAreRefused() throws {
    let network = try network()
    var weights = network.weights()
    weights[1] = .init(weights[1].name, shape: weights[1].shape, floats: Array(repeating: .nan, count: 16))
    let damaged = try Safetensors.reread(weights)
    #expect(throws: InputError.self) { try network.load(damaged) }
  }

  @Test(arguments: [[8, 16, 10], [7, 16, 12], [0, 16, 12], [8, 16], [8, 16, -12], [1 << 40, 1 << 40, 1 << 40]])
  func patchThatDoesNotDivideIsRefused(patch: [Int]) {
    #expect(throws: InputError.self) {
      try Network(Self.architecture, patch: patch, batchSize: 1, training: false)
    }
  }

  @Test func labelsBeyondTheClassesAreRefused() throws {
    let network = try network()
    network.forward()
    let labels = [Int16](repeating: 3, count: 2 * Self.patch.reduce(1, *))
    #expect(throws: InputError.self) { try network.computeLoss(Loss(batchDice: false), labels: labels) }
  }

  @Test func deepSupervisionWeights() {
    #expect(DeepSupervision.weights(outputs: 1) == [1])
    #expect(DeepSupervision.weights(outputs: 2) == [1, 0])
    let five = DeepSupervision.weights(outputs: 5)
    #expect(zip(five, [8, 4, 2, 1, 0].map { $0 / 15.0 }).allSatisfy { abs($0 - $1) < 1e-15 })
  }

  @Test func sampleWeightsScaleTheGradient() throws {
    let network = try network()
    let labels = (0..<2 * Self.patch.reduce(1, *)).map { Int16($0 / 5 % 3) }
    func gradients(_ weights: [Float]) throws -> [[Float]] {
      network.forward()
      _ = try network.computeLoss(Loss(batchDice: false), labels: labels, sampleWeights: weights)
      network.backward()
      return network.parameters.map(\.gradient.elements)
    }
    let (first, second, both) = (try gradients([1, 0]), try gradients([0, 1]), try gradients([1, 1]))
    for i in both.indices {
      let scale = both[i].map(abs).max() ?? 0
      for k in both[i].indices { #expect(abs(first[i][k] + second[i][k] - both[i][k]) <= 1e-4 * scale + 1e-6) }
    }
  }
}

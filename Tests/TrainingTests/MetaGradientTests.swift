import Statistics
import TensorFiles
import Tensors
import Testing
import UNet

@testable import Training

/// Protects what learning from clean cases rests on: how a step on a training sample changes the clean loss.
@Suite struct MetaGradientTests {
  private static let patch = [16, 16, 16]
  private let network: Network
  private let clean: Batch
  private var step: TrainingStep

  init() throws { try self.init(batchDice: false) }

  private init(batchDice: Bool) throws {
    let architecture = Architecture(
      inputChannels: 1, outputChannels: 3, features: [6, 8, 12], kernels: Array(repeating: [3, 3, 3], count: 3),
      strides: [[1, 1, 1], [2, 2, 2], [2, 2, 2]], convolutionsPerStage: [2, 2, 2], convolutionsPerDecoderStage: [2, 2],
      activation: .leakyReLU(slope: 0.01))
    network = try Network(architecture, patch: Self.patch, batchSize: 2, training: true, seed: 3)
    let loss = Loss(batchDice: batchDice)
    let batch = Self.batch(1)
    clean = Self.batch(2)
    step = TrainingStep(
      network: network, loss: loss, iteration: 0, cases: [0, 1], images: batch.images, labels: batch.labels)
    // A few steps, so that the network has something to unlearn.
    let optimizer = SGD(network, momentum: 0.9, nesterov: true, weightDecay: 0, clip: 12)
    for _ in 0..<10 {
      step.forward(step.images)
      try step.computeLoss(weights: [1, 1])
      network.backward()
      _ = optimizer.step(learningRate: 0.01)
    }
  }

  /// Balls of both labels in noise.
  private static func batch(_ seed: UInt64) -> Batch {
    var random = CounterRandom(seed: seed)
    var (images, labels) = ([Float](), [Int16]())
    for n in 0..<2 {
      let center = (0..<3).map { _ in random.integer(5, 10) }
      for z in 0..<patch[0] {
        for y in 0..<patch[1] {
          for x in 0..<patch[2] {
            let distance = [z - center[0], y - center[1], x - center[2]].reduce(0) { $0 + $1 * $1 }
            let label: Int16 = distance < 10 ? 1 : distance < 30 ? 2 : 0
            labels.append(label)
            images.append(Float(label) + 0.3 * random.normals().0 + Float(n) / 10)
          }
        }
      }
    }
    return Batch(images: images, labels: labels, cases: [0, 1], showsForeground: [false, true])
  }

  /// The parameters moved by `distance` along directions, and then put back.
  private func moved<Value>(_ distance: Float, along directions: [[Float]], _ body: () throws -> Value) rethrows
    -> Value
  {
    let kept = network.parameters.map { $0.value.elements }
    func set(_ values: [[Float]]) {
      for (parameter, values) in zip(network.parameters, values) {
        parameter.value.withUnsafeMutableBufferPointer { _ = $0.update(from: values) }
      }
    }
    set(zip(kept, directions).map { zip($0, $1).map { $0 + distance * $1 } })
    defer { set(kept) }
    return try body()
  }

  private func cleanLoss() throws -> Double {
    var step = TrainingStep(
      network: network, loss: step.loss, iteration: 0, cases: [0, 1], images: clean.images, labels: clean.labels)
    step.forward(step.images)
    return try step.computeLoss(weights: [1, 1]).reduce(0) { $0 + Double($1) } / 2
  }

  /// The products are what real steps on single samples do to the loss of the clean batch, within a thousandth.
  @Test(arguments: [false, true]) func productsAreTheEffectOfAVirtualStep(batchDice: Bool) throws {
    var test = try Self(batchDice: batchDice)
    let meta = MetaGradient(test.network) { [clean = test.clean] _ in clean }
    try meta.prepare(test.step)
    test.step.forward(test.step.images)
    try test.step.computeLoss(weights: [1, 1])
    let products = try #require(try meta.products(&test.step))
    for sample in 0..<2 {
      test.step.forward(test.step.images)
      try test.step.computeLoss(weights: [0, 1].map { $0 == sample ? 2 : 0 })
      test.network.backward()
      let gradient = test.network.parameters.map {
        $0.hasGradient ? $0.gradient.elements : $0.value.elements.map { _ in 0 }
      }
      let norm = gradient.joined().reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
      let rate = Float(0.001 / norm)
      let (worse, better) = try (
        test.moved(rate, along: gradient, test.cleanLoss), test.moved(-rate, along: gradient, test.cleanLoss)
      )
      let effect = (worse - better) / (2 * Double(rate))
      #expect(abs(products[sample] - effect) < 1e-3 * abs(effect))
    }
  }
}

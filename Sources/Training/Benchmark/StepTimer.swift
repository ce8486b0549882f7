import Datasets
import Foundation
import Plans
import Statistics
import Tensors
import UNet

/// Times the parts of a network's training step on synthetic data.
struct StepTimer {
  /// The names of the parts, in order.
  static let parts = ["forward", "loss", "backward", "optimizer"]

  private let network: Network
  private let optimizer: SGD
  private let labels: [Int16]
  private let loss: Loss
  private let learningRate: Float

  /// Builds the network and fills its input.
  ///
  /// - Parameter patch: The shape of the patch, (z, y, x).
  /// - Throws: `InputError` when the network does not fit the patch.
  init(
    _ architecture: Architecture, patch: [Int], batchSize: Int, batchDice: Bool = false,
    settings: TrainingSettings = TrainingSettings(), engine: Engine, precision: Precision = .float32
  ) throws {
    network = try Network(
      architecture, patch: patch, batchSize: batchSize, training: true, engine: engine, precision: precision)
    optimizer = SGD(
      network, momentum: Float(settings.momentum), nesterov: settings.nesterov,
      weightDecay: Float(settings.weightDecay), clip: Float(settings.gradientClip))
    network.input.withUnsafeMutableBufferPointer { for i in $0.indices { $0[i] = Float(i % 1009) / 500 - 1 } }
    labels = (0..<batchSize * patch.reduce(1, *)).map { Int16($0 / 7 % architecture.outputChannels) }
    loss = Loss(batchDice: batchDice)
    learningRate = Float(settings.initialLearningRate)
  }

  /// The multiplications and additions of a step: the backward pass has twice as many as the forward pass.
  var operations: Int { 3 * network.forwardOperations }

  /// Runs one step and returns the seconds of each part.
  func step() throws -> [Double] {
    let clock = ContinuousClock()
    let forward = clock.measure { network.forward() }
    let loss = try clock.measure { _ = try network.computeLoss(self.loss, labels: labels) }
    let backward = clock.measure { network.backward() }
    let update = clock.measure { _ = optimizer.step(learningRate: learningRate) }
    return [forward, loss, backward, update].map { $0 / .seconds(1) }
  }

  /// The median seconds of each part and of the whole step, over `steps` steps after two that are not counted.
  func medians(steps: Int) throws -> (parts: [Double], step: Double) {
    let times = try (0..<steps + 2).map { _ in try step() }.dropFirst(2)
    let parts = Self.parts.indices.map { part in Quantile.median(times.map { $0[part] }) }
    return (parts, Quantile.median(times.map { $0.reduce(0, +) }))
  }
}

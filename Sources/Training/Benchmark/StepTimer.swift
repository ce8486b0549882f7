import Cluster
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
  private let parallel: DataParallel?
  private let optimizer: SGD
  private let labels: [Int16]
  private let loss: Loss
  private let learningRate: Float

  /// Builds the network and fills its input.
  ///
  /// - Parameters:
  ///   - patch: The shape of the patch, (z, y, x).
  ///   - batchSize: The number of samples in a batch, of all processes together.
  ///   - communicator: The processes that share each batch.
  ///   - overlaps: Whether they sum gradients while the backward pass goes on.
  ///   - gradientPrecision: The number format in which they exchange gradients.
  /// - Throws: `InputError` when the network does not fit the patch, or a process would have no sample.
  init(
    _ architecture: Architecture, patch: [Int], batchSize: Int, batchDice: Bool = false,
    settings: TrainingSettings = TrainingSettings(), engine: Engine, precision: Precision = .float32,
    communicator: (any Communicator)? = nil, overlaps: Bool = true, gradientPrecision: Precision = .float32
  ) throws {
    let parallel = try communicator.map {
      try DataParallel($0, batchSize: batchSize, overlaps: overlaps, precision: gradientPrecision)
    }
    self.parallel = parallel
    let ownSize = parallel?.positions.count ?? batchSize
    network = try Network(
      architecture, patch: patch, batchSize: ownSize, training: true, engine: engine, precision: precision)
    parallel?.connect(network)
    optimizer = SGD(
      network, momentum: Float(settings.momentum), nesterov: settings.nesterov,
      weightDecay: Float(settings.weightDecay), clip: Float(settings.gradientClip))
    network.input.withUnsafeMutableBufferPointer { for i in $0.indices { $0[i] = Float(i % 1009) / 500 - 1 } }
    labels = (0..<ownSize * patch.reduce(1, *)).map { Int16($0 / 7 % architecture.outputChannels) }
    loss = Loss(batchDice: batchDice)
    learningRate = Float(settings.initialLearningRate)
  }

  /// The multiplications and additions of a step: the backward pass has twice as many as the forward pass.
  var operations: Int { 3 * network.forwardOperations }

  /// The number of gradients that the processes sum in a step.
  var gradients: Int { network.parameters.reduce(0) { $0 + $1.value.count } }

  /// Runs one step and returns the seconds of each part and, last, those of waiting for other processes in them.
  func step() throws -> [Double] {
    let clock = ContinuousClock()
    let waitedBefore = parallel?.waitingTime ?? 0
    let forward = clock.measure { network.forward() }
    let loss = try clock.measure { _ = try network.computeLoss(self.loss, labels: labels) }
    let backward = clock.measure {
      if let parallel { parallel.backward(network) } else { network.backward() }
    }
    let update = clock.measure { _ = optimizer.step(learningRate: learningRate) }
    return [forward, loss, backward, update].map { $0 / .seconds(1) } + [(parallel?.waitingTime ?? 0) - waitedBefore]
  }

  /// The median seconds of each part, of the whole step and of waiting in it, over `steps` steps after two that are not
  /// counted.
  func medians(steps: Int) throws -> (parts: [Double], step: Double, waiting: Double) {
    let times = try (0..<steps + 2).map { _ in try step() }.dropFirst(2)
    let parts = Self.parts.indices.map { part in Quantile.median(times.map { $0[part] }) }
    let waiting = Quantile.median(times.map { $0[parts.count] })
    return (parts, Quantile.median(times.map { $0[..<parts.count].reduce(0, +) }), waiting)
  }
}

import Files
import Plans
import Tensors
import UNet

/// The memory that a training takes, computed before any of it is allocated.
public struct TrainingMemory: Sendable, Equatable {
  /// Bytes of the network with its gradients, the optimizer and the moving average of the weights.
  public let network: Int
  /// Bytes of the labels of a step and of their coarser copies.
  public let labels: Int
  /// Bytes of the batches that are prepared ahead, of the sample that is being augmented, and of those that are being
  /// perturbed.
  public let batches: Int
  /// Bytes of a checkpoint, which is put together in memory before it is written.
  public let checkpoint: Int

  /// The number of trained weights.
  public let weights: Int

  /// Bytes of the program itself: its code and libraries with their tables, and the stacks of threads.
  static let program = 40_000_000

  /// Bytes that a training step takes without the loading of its batch: what `TrainingBenchmark` measures.
  public var step: Int { Self.program.saturatingSum(network).saturatingSum(labels) }

  /// Bytes at the peak. Checkpoints are written between epochs, when no batch waits.
  public var total: Int {
    Self.program.saturatingSum(network).saturatingSum(max(labels.saturatingSum(batches), checkpoint))
  }

  /// Computes the memory of a plan's training.
  ///
  /// - Parameters:
  ///   - plan: The plan.
  ///   - inputChannels: The number of channels of the images.
  ///   - outputChannels: The number of channels of the logits.
  ///   - engine: What computes the convolutions.
  ///   - precision: The number format of activations and convolutions.
  ///   - processes: How many processes share each batch; the memory is that of one of them.
  /// - Throws: `InputError` when the network cannot be built.
  public init(
    _ plan: Plan, inputChannels: Int, outputChannels: Int, engine: Engine = .auto, precision: Precision = .float32,
    processes: Int = 1
  ) throws {
    let (configuration, settings) = (plan.configuration, plan.training)
    let (patch, batchSize) = (configuration.patchSize, (configuration.batchSize + processes - 1) / processes)
    let architecture = try configuration.architecture(inputChannels: inputChannels, outputChannels: outputChannels)
    var weights = 0
    let tensors = try TensorMemory.bytes {
      let network = try Network(
        architecture, patch: patch, batchSize: batchSize, training: true, engine: engine, precision: precision)
      weights = network.parameters.reduce(0) { $0 + $1.value.count }
      let optimizer = SGD(network, momentum: 0, nesterov: false, weightDecay: 0, clip: 1)
      let average = settings.ema > 0 ? WeightAverage(network, decay: settings.ema) : nil
      let softTargets = settings.distillation.map {
        SoftTargetLoss(network, target: .classes, temperature: $0.temperature)
      }
      let tangent = settings.learnsFromCleanCases ? LogitTangent(network) : nil
      withExtendedLifetime((optimizer, average, softTargets, tangent)) {}
    }
    self.weights = weights
    // The own gradients and those of others on their way.
    network = tensors.saturatingSum(processes > 1 ? 8 * weights : 0)
    let voxels = patch.reduce(1, *)
    // The decoder's coarser resolutions have an eighth of the voxels each, a quarter where only two axes are halved.
    labels = 2 * batchSize * voxels * 4 / 3
    let sample = voxels * (4 * inputChannels + 2)
    // Each transform of the augmentation works on one copy of a channel or, when it rotates, of the patch.
    let clean = settings.learnsFromCleanCases ? 2 * batchSize * sample : 0
    let augmented = batchSize * sample * (1 + settings.prefetch) + 2 * sample + 8 * voxels
    // The patches with their masks, the perturbed and the tried batch, and the patch that is being changed.
    let perturbed = settings.adversarial == nil ? 0 : batchSize * (3 * sample + voxels) + 3 * sample
    batches = augmented + perturbed + clean
    checkpoint = 4 * weights * (settings.ema > 0 ? 3 : 2)
  }
}

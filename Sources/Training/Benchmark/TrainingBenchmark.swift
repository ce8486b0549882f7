import Cluster
import Files
import Foundation
import Plans
import Tensors

/// Measures how long a plan's training step takes on this machine and estimates its whole training: what
/// `hwsseg benchmark` prints.
///
/// The images and labels are synthetic, so that no data set is needed.
public struct TrainingBenchmark: Sendable {
  /// What to measure.
  public struct Options: Sendable {
    /// The number of input channels, or `nil` for the plan's.
    public var channels: Int?
    /// The number of output channels: classes including the background, or regions.
    public var outputChannels = 3
    /// The number of samples in a batch, of all processes together, or `nil` for the plan's.
    public var batchSize: Int?
    /// What computes the convolutions.
    public var engine = Engine.auto
    /// The number format of activations and convolutions.
    public var precision = Precision.float32
    /// The number of steps to time, after two that are not counted.
    public var steps = 10
    /// The processes that share each batch; `nil` when there is one.
    public var communicator: (any Communicator)?
    /// Whether they sum gradients while the backward pass goes on, and not after it.
    public var overlaps = true
    /// The number format in which they exchange gradients.
    public var gradientPrecision = Precision.float32

    /// Creates options: ten steps in float32 of a network with three output channels.
    public init() {}
  }

  /// The median seconds of each part of a step, in the order forward, loss, backward, optimizer.
  public let parts: [(name: String, seconds: Double)]
  /// The median seconds of a whole step.
  public let step: Double
  /// The median seconds of a step in which this process waits for others.
  public let waiting: Double
  /// The number of gradients that the processes sum in a step.
  public let gradients: Int
  /// The mean seconds that one thread needs to cut and augment a batch.
  public let loading: Double
  /// The speed of the convolutions in GFLOP/s.
  ///
  /// It counts the multiplications and additions in the definition of a convolution, however it is computed.
  public let gflops: Double
  /// The peak memory of the process during the steps, in bytes.
  public let peakMemory: Int
  /// The bytes that were computed for these steps before any were allocated.
  public let estimatedMemory: Int
  /// The estimated seconds of the plan's whole training.
  public let training: Double

  /// Runs the benchmark.
  ///
  /// - Parameters:
  ///   - plan: The plan whose network and settings are measured.
  ///   - options: What to measure.
  /// - Throws: `InputError` when the plan's network cannot be built, when it does not fit into the memory, or when the
  ///   precision is not available on this processor.
  public init(_ plan: Plan, options: Options = Options()) throws {
    try options.engine.check(options.precision)
    let configuration = plan.configuration
    let channels = options.channels ?? configuration.normalizationSchemes.count
    let batchSize = options.batchSize ?? configuration.batchSize
    var plan = plan
    plan.configuration.batchSize = batchSize
    estimatedMemory = try TrainingMemory.check(
      plan, inputChannels: channels, outputChannels: options.outputChannels, engine: options.engine,
      precision: options.precision, processes: options.communicator?.size ?? 1
    ).step
    let timer = try StepTimer(
      configuration.architecture(inputChannels: channels, outputChannels: options.outputChannels),
      patch: configuration.patchSize, batchSize: batchSize, batchDice: configuration.batchDice,
      settings: plan.training, engine: options.engine, precision: options.precision,
      communicator: options.communicator, overlaps: options.overlaps,
      gradientPrecision: options.gradientPrecision)
    let (medians, step, waiting) = try timer.medians(steps: options.steps)
    // Read before the loader allocates memory of its own.
    peakMemory = ProcessMemory.peak
    let loading = LoadingTimer.seconds(
      plan: plan, channels: channels, batchSize: batchSize, batches: max(1, 32 / batchSize))
    parts = zip(StepTimer.parts, medians).map { ($0, $1) }
    (self.step, self.waiting, gradients) = (step, waiting, timer.gradients)
    self.loading = loading
    gflops = Double(timer.operations) / step / 1e9
    training = Self.training(plan.training, forwardAndLoss: medians[0] + medians[1], step: step, loading: loading)
  }

  /// The seconds of all epochs: training steps, which wait for loading where it is not hidden, and validation steps,
  /// which consist of forward pass and loss.
  private static func training(
    _ settings: TrainingSettings, forwardAndLoss: Double, step: Double, loading: Double
  ) -> Double {
    let iteration = settings.prefetch == 0 ? step + loading : max(step, loading)
    let validation = max(forwardAndLoss, loading)
    return Double(settings.epochs)
      * (Double(settings.iterationsPerEpoch) * iteration + Double(settings.validationIterations) * validation)
  }
}

import Foundation
import Plans
import Tensors

/// How long a plan's training step takes on this machine, part by part, and its whole training: what
/// `hwsseg benchmark` prints. Made-up data take the place of a data set's.
public struct TrainingBenchmark: Sendable {
  /// What is timed of a plan.
  public struct Options: Sendable {
    /// Input channels; the plan's when `nil`.
    public var channels: Int?
    /// Output channels: classes with the background, or regions.
    public var outputChannels = 3
    /// Samples in a batch; the plan's when `nil`.
    public var batchSize: Int?
    public var engine = Engine.auto
    public var precision = Precision.float32
    /// Steps to time, after two that are not counted.
    public var steps = 10

    public init() {}
  }

  /// The median seconds of each part of a step, in order: forward, loss, backward, optimizer.
  public let parts: [(name: String, seconds: Double)]
  /// Median seconds of a whole step.
  public let step: Double
  /// Mean seconds in which one thread cuts and augments a batch.
  public let loading: Double
  /// Billions of multiplications and additions of convolutions a second, however they are computed.
  public let gflops: Double
  /// The most memory the process has had, in bytes.
  public let peakMemory: Int
  /// Seconds of the plan's whole training.
  public let training: Double

  /// - Throws: `InputError` when the plan's network cannot be built, or the precision is not to be had here.
  public init(_ plan: Plan, options: Options = Options()) throws {
    try options.engine.check(options.precision)
    let configuration = plan.configuration
    let channels = options.channels ?? configuration.normalizationSchemes.count
    let batchSize = options.batchSize ?? configuration.batchSize
    let timer = try StepTimer(
      configuration.architecture(inputChannels: channels, outputChannels: options.outputChannels),
      patch: configuration.patchSize, batchSize: batchSize, batchDice: configuration.batchDice,
      settings: plan.training, engine: options.engine, precision: options.precision)
    let (medians, step) = try timer.medians(steps: options.steps)
    // Before the loader's own memory comes on top.
    peakMemory = ProcessMemory.peak
    let loading = LoadingTimer.seconds(
      plan: plan, channels: channels, batchSize: batchSize, batches: max(1, 32 / batchSize))
    parts = zip(StepTimer.parts, medians).map { ($0, $1) }
    self.step = step
    self.loading = loading
    gflops = Double(timer.operations) / step / 1e9
    training = Self.training(plan.training, forwardAndLoss: medians[0] + medians[1], step: step, loading: loading)
  }

  /// Seconds of all epochs: steps, with the loading where they wait for it, and validation batches, which only go
  /// forward.
  private static func training(
    _ settings: TrainingSettings, forwardAndLoss: Double, step: Double, loading: Double
  ) -> Double {
    let iteration = settings.prefetch == 0 ? step + loading : max(step, loading)
    let validation = max(forwardAndLoss, loading)
    return Double(settings.epochs)
      * (Double(settings.iterationsPerEpoch) * iteration + Double(settings.validationIterations) * validation)
  }
}

import ArgumentParser
import Datasets
import Foundation
import Tensors
import Training

/// `hwsseg benchmark`: how long a plan's training step takes on this machine, and its whole training.
struct BenchmarkCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "benchmark", abstract: "Times a plan's training step on this machine, part by part.",
    discussion: """
      Tells before a long training how long it will be. Made-up data take the place of the data set's. GFLOP/s count a convolution's own \
      multiplications and additions, however it is computed.
      """)

  @Option(help: "The plan whose network is timed.") var plan: URL
  @Option(help: "Samples a batch; the plan's when absent.") var batchSize: Int?
  @Option(help: "What computes convolutions.") var engine = Engine.auto
  @Option(help: "What activations are kept in and convolutions multiply.") var precision = Precision.float32
  @Option(help: "Threads that compute; one for each core when absent.") var threads: Int?
  @Option(help: "Steps to time, after two that are not counted.") var steps = 10
  @Option(help: "Channels of the input; the plan's when absent.") var channels: Int?
  @Option(help: "Classes of the output, the background included.") var classes = 3
  @Flag(help: "Print JSON.") var json = false

  func validate() throws {
    guard 1...10_000 ~= steps else { throw ValidationError("--steps must be 1 to 10000, not \(steps)") }
    guard 1...64 ~= channels ?? 1, 2...256 ~= classes else {
      throw ValidationError("--channels must be 1 to 64 and --classes 2 to 256")
    }
    guard 1...1024 ~= threads ?? 1 else { throw ValidationError("--threads must be 1 to 1024") }
  }

  func run() throws {
    try engine.check(precision)
    if let threads { Parallel.limit(to: threads) }
    let plan = try Plan.read(plan)
    let configuration = plan.configuration
    let channels = channels ?? configuration.normalizationSchemes.count
    let batchSize = batchSize ?? configuration.batchSize
    let architecture = try configuration.architecture(inputChannels: channels, outputChannels: classes)
    let timer = try StepTimer(
      architecture, patch: configuration.patchSize, batchSize: batchSize, batchDice: configuration.batchDice,
      settings: plan.training, engine: engine, precision: precision)
    let (medians, step) = try timer.medians(steps: steps)
    // Before the loader's own memory comes to it.
    let memory = Self.peakMemory()
    let loading = LoadingTimer.seconds(
      plan: plan, channels: channels, batchSize: batchSize, batches: max(1, 32 / batchSize))
    report(
      Report(
        parts: medians, loading: loading, step: step, gflops: Double(timer.operations) / step / 1e9,
        peakMemory: memory, training: Self.training(plan.training, medians, step: step, loading: loading)))
  }

  private struct Report {
    var parts: [Double]
    var loading, step, gflops: Double
    var peakMemory: Int
    /// Seconds of the plan's whole training.
    var training: Double
  }

  /// Seconds of all epochs: steps, with the loading where they wait for it, and validation batches, which only go forward.
  private static func training(
    _ settings: TrainingSettings, _ parts: [Double], step: Double, loading: Double
  ) -> Double {
    let iteration = settings.prefetch == 0 ? step + loading : max(step, loading)
    let validation = max(parts[0] + parts[1], loading)
    return Double(settings.epochs)
      * (Double(settings.iterationsPerEpoch) * iteration + Double(settings.validationIterations) * validation)
  }

  /// The most memory the process has had, in bytes.
  private static func peakMemory() -> Int {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return usage.ru_maxrss * 1024
  }

  private func report(_ r: Report) {
    let times = Array(zip(StepTimer.parts, r.parts)) + [("step", r.step), ("loading", r.loading)]
    if json {
      let fields =
        times.map { "\"\($0)\": \($1)" } + [
          "\"gflops\": \(r.gflops)", "\"peak_memory\": \(r.peakMemory)", "\"training\": \(r.training)",
        ]
      print("{\(fields.joined(separator: ", "))}")
      return
    }
    func line(_ name: String, _ value: String) {
      print(name.padding(toLength: 14, withPad: " ", startingAt: 0) + value)
    }
    for (name, seconds) in times { line(name, String(format: "%8.1f ms", seconds * 1000)) }
    line("speed", String(format: "%8.1f GFLOP/s", r.gflops))
    line("peak memory", String(format: "%8.2f GB", Double(r.peakMemory) / 1e9))
    line("the training", String(format: "%8.1f hours", r.training / 3600))
  }
}

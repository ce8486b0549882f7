import ArgumentParser
import Cluster
import Files
import Foundation
import Plans
import Tensors
import Threads
import Training

/// `hwsseg benchmark`: measures how long a plan's training step takes on this machine, and its whole training.
struct BenchmarkCommand: SharedCommand {
  static let configuration = CommandConfiguration(
    commandName: "benchmark", abstract: "Times a plan's training step on this machine, part by part.",
    discussion: """
      Says before a long training how long it will take. Made-up data stand in for the data set. GFLOP/s count the \
      multiplications and additions in the definition of a convolution, however it is computed. Under mpirun, several \
      processes divide the batch, and the figures are those of the first.
      """)

  @Option(help: "The plan whose network is timed.") var plan: URL
  @Option(help: "Samples in a batch; the plan's when left out.") var batchSize: Int?
  @Option(help: "The engine that computes convolutions.") var engine = Engine.auto
  @Option(help: "The number format of activations and convolutions.") var precision = Precision.float32
  @Option(help: "Threads that compute; one for each core when left out.") var threads: Int?
  @Option(help: "Steps to time, after two that are not counted.") var steps = 10
  @Option(help: "Input channels; the plan's when left out.") var channels: Int?
  @Option(help: "Output channels: classes including the background, or regions.") var classes = 3
  @Option(help: "The number format in which several processes exchange gradients.") var gradients = Precision.float32
  @Flag(help: "Let several processes sum gradients only after the backward pass, to see what overlap saves.")
  var withoutOverlap = false
  @Flag(help: "Print JSON.") var json = false

  func validate() throws {
    guard 1...10_000 ~= steps else { throw ValidationError("--steps must be 1 to 10000, not \(steps)") }
    guard 1...64 ~= channels ?? 1, 2...256 ~= classes else {
      throw ValidationError("--channels must be 1 to 64 and --classes 2 to 256")
    }
    guard 1...1024 ~= batchSize ?? 1 else { throw ValidationError("--batch-size must be 1 to 1024") }
    guard 1...1024 ~= threads ?? 1 else { throw ValidationError("--threads must be 1 to 1024") }
  }

  func run(with communicator: (any Communicator)?) throws {
    if let communicator {
      _ = communicator.divideMachine(threads: threads)
    } else if let threads {
      Parallel.limit(to: threads)
    }
    var options = TrainingBenchmark.Options()
    (options.channels, options.outputChannels, options.batchSize) = (channels, classes, batchSize)
    (options.engine, options.precision, options.steps) = (engine, precision, steps)
    (options.communicator, options.overlaps) = (communicator, !withoutOverlap)
    options.gradientPrecision = gradients
    let benchmark = try TrainingBenchmark(Plan.read(plan), options: options)
    guard communicator?.isFirst ?? true else { return }
    json ? printJSON(benchmark) : printTable(benchmark)
  }

  private func times(_ benchmark: TrainingBenchmark) -> [(name: String, seconds: Double)] {
    let waiting = benchmark.waiting > 0 ? [("waiting", benchmark.waiting)] : []
    return benchmark.parts + [("step", benchmark.step)] + waiting + [("loading", benchmark.loading)]
  }

  private func printTable(_ benchmark: TrainingBenchmark) {
    func line(_ name: String, _ value: String) {
      print(name.padding(toLength: 14, withPad: " ", startingAt: 0) + value)
    }
    for (name, seconds) in times(benchmark) { line(name, String(format: "%8.1f ms", seconds * 1000)) }
    line("speed", String(format: "%8.1f GFLOP/s", benchmark.gflops))
    line("peak memory", String(format: "%8.2f GB", Double(benchmark.peakMemory) / 1e9))
    line("estimated", String(format: "%8.2f GB", Double(benchmark.estimatedMemory) / 1e9))
    line("the training", String(format: "%8.1f hours", benchmark.training / 3600))
  }

  private func printJSON(_ benchmark: TrainingBenchmark) {
    let members: [(String, JSON)] =
      times(benchmark).map { ($0.name, .number($0.seconds)) } + [
        ("gradients", .integer(benchmark.gradients)), ("gflops", .number(benchmark.gflops)),
        ("peak_memory", .integer(benchmark.peakMemory)),
        ("estimated_memory", .integer(benchmark.estimatedMemory)), ("training", .number(benchmark.training)),
      ]
    print(JSON.object(JSONObject(members)).text, terminator: "")
  }
}

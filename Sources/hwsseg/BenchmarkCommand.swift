import ArgumentParser
import Datasets
import Foundation
import Tensors

/// `hwsseg benchmark`: how long a plan's training step takes on this machine.
struct BenchmarkCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "benchmark", abstract: "Time a plan's training step on this machine, part by part.")

  @Option(help: "The plan whose network is timed.") var plan: URL
  @Option(help: "Samples a batch; the plan's when absent.") var batchSize: Int?
  @Option(help: "What computes convolutions.") var engine = Engine.auto
  @Option(help: "Steps to time, after two that are not counted.") var steps = 10
  @Option(help: "Channels of the input.") var channels = 1
  @Option(help: "Classes of the output, the background included.") var classes = 3
  @Flag(help: "Print JSON.") var json = false

  func validate() throws {
    guard 1...10_000 ~= steps else { throw ValidationError("--steps must be 1 to 10000, not \(steps)") }
    guard 1...64 ~= channels, 2...256 ~= classes else {
      throw ValidationError("--channels must be 1 to 64 and --classes 2 to 256")
    }
  }

  func run() throws {
    let plan = try Plan.read(plan)
    let configuration = plan.configuration
    let architecture = try configuration.architecture(inputChannels: channels, outputChannels: classes)
    let timer = try StepTimer(
      architecture, patch: configuration.patchSize, batchSize: batchSize ?? configuration.batchSize,
      batchDice: configuration.batchDice, settings: plan.training, engine: engine)
    let (medians, total) = try timer.medians(steps: steps)
    report(medians, total: total)
  }

  private func report(_ medians: [Double], total: Double) {
    let names = StepTimer.parts
    if json {
      let fields = zip(names, medians).map { "\"\($0)\": \($1)" } + ["\"step\": \(total)"]
      print("{\(fields.joined(separator: ", "))}")
    } else {
      for (name, seconds) in zip(names + ["step"], medians + [total]) {
        print(name.padding(toLength: 12, withPad: " ", startingAt: 0) + String(format: "%8.1f ms", seconds * 1000))
      }
    }
  }
}

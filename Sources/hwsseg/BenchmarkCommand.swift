import ArgumentParser
import Datasets
import Foundation
import Tensors
import UNet

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
    let network = try Network(
      architecture, patch: configuration.patchSize, batchSize: batchSize ?? configuration.batchSize, training: true,
      engine: engine)
    let settings = plan.training
    let optimizer = SGD(
      network, momentum: Float(settings.momentum), nesterov: settings.nesterov,
      weightDecay: Float(settings.weightDecay), clip: Float(settings.gradientClip))
    network.input.withUnsafeMutableBufferPointer { for i in $0.indices { $0[i] = Float(i % 1009) / 500 - 1 } }
    let voxels = network.batchSize * configuration.patchSize.reduce(1, *)
    let labels = (0..<voxels).map { Int16($0 / 7 % classes) }

    var parts: [[Double]] = []
    let clock = ContinuousClock()
    for step in 0..<steps + 2 {
      let forward = clock.measure { network.forward() }
      let loss = try clock.measure { _ = try network.computeLoss(labels: labels, batchDice: configuration.batchDice) }
      let backward = clock.measure { network.backward() }
      let update = clock.measure { _ = optimizer.step(learningRate: Float(settings.initialLearningRate)) }
      if step >= 2 { parts.append([forward, loss, backward, update].map { $0 / .seconds(1) }) }
    }
    let medians = (0..<4).map { part in parts.map { $0[part] }.sorted()[steps / 2] }
    let total = parts.map { $0.reduce(0, +) }.sorted()[steps / 2]
    report(medians, total: total)
  }

  private func report(_ medians: [Double], total: Double) {
    let names = ["forward", "loss", "backward", "optimiser"]
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

import ArgumentParser
import Files
import Foundation
import HardnessWeighting
import Tensors
import UNet

/// `hwsseg overhead`: what drawing by hardness costs, in time and memory.
struct OverheadCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "overhead", abstract: "Measures what drawing by hardness costs, in time and memory.",
    discussion: """
      Draws batches and records their losses, by the tree and by the published way, which computes the softmax over all losses \
      for every batch. The training step it is compared with is that of nnU-Net's network for the hippocampus (patch 40×56×40, \
      32 to 256 features) with the same batch size, on this machine.
      """)

  @Option(help: "Number of cases.") var numSamples: Int
  @Option(help: "Cases in a batch.") var batchSize = 2
  @Option(help: "How strongly hard cases are favoured: a number from 0, inf, or ess:0.3.") var beta = Beta.fixed(100)
  @Flag(help: "Leave out the full softmax and the training step.") var treeOnly = false
  @Flag(help: "Print JSON.") var json = false

  func validate() throws {
    guard 1..<Int(UInt32.max) ~= numSamples else {
      throw ValidationError("--num-samples must be from 1 to \(UInt32.max - 1)")
    }
    guard 1...4096 ~= batchSize else { throw ValidationError("--batch-size must be from 1 to 4096") }
  }

  /// What one method costs.
  private struct Cost {
    let name: String
    /// For a batch, in seconds.
    let draw: Double
    let record: Double
    /// What the method keeps, in bytes.
    let memory: Int
  }

  func run() throws {
    var costs = [try treeCost()]
    var step: Double?
    if !treeOnly {
      costs.append(softmaxCost())
      step = try trainingStep()
    }
    json ? printJSON(costs, step) : printTable(costs, step)
  }

  /// Losses spread as after a few epochs.
  private func losses() -> [Double] {
    var random = SystemRandomNumberGenerator()
    return (0..<numSamples).map { _ in Double.random(in: 0...1, using: &random) }
  }

  private func treeCost() throws -> Cost {
    let before = Self.residentBytes()
    var options = HardnessOptions(beta: beta)
    options.replacement = batchSize > numSamples
    var sampler = try HardnessWeightedSampler(losses: losses(), options: options, seed: 1)
    _ = try sampler.draw(batchSize)
    let memory = Self.residentBytes() - before
    let times = try measure {
      try sampler.draw(batchSize)
    } record: {
      try sampler.record(losses: $1, for: $0)
    }
    return Cost(name: "log-sum-exp tree", draw: times.draw, record: times.record, memory: memory)
  }

  private func softmaxCost() -> Cost {
    let before = Self.residentBytes()
    var losses = losses()
    var sums = [Double](repeating: 0, count: numSamples)
    let sharpness = if case .fixed(let beta) = beta { beta } else { 100.0 }
    let memory = Self.residentBytes() - before
    let times = measure {
      let largest = losses.max() ?? 0
      var sum = 0.0
      for index in losses.indices {
        sum += exp(sharpness * (losses[index] - largest))
        sums[index] = sum
      }
      return (0..<batchSize).map { _ in
        let target = Double.random(in: 0..<sum)
        var range = 0..<numSamples
        while range.count > 1 {
          let middle = (range.lowerBound + range.upperBound) / 2
          range = sums[middle - 1] > target ? range.lowerBound..<middle : middle..<range.upperBound
        }
        return range.lowerBound
      }
    } record: { cases, new in
      for (index, loss) in zip(cases, new) { losses[index] = loss }
    }
    return Cost(name: "full softmax", draw: times.draw, record: times.record, memory: memory)
  }

  /// Median seconds of a draw and of a record; as many as fit in half a second.
  private func measure(
    draw: () throws -> [Int], record: ([Int], [Double]) throws -> Void
  ) rethrows -> (draw: Double, record: Double) {
    let clock = ContinuousClock()
    var (draws, records): ([Double], [Double]) = ([], [])
    let start = clock.now
    repeat {
      var cases: [Int] = []
      draws.append(try clock.measure { cases = try draw() } / .seconds(1))
      let new = cases.map { _ in Double.random(in: 0...1) }
      records.append(try clock.measure { try record(cases, new) } / .seconds(1))
    } while clock.now - start < .milliseconds(500)
    return (draws.sorted()[draws.count / 2], records.sorted()[records.count / 2])
  }

  private func trainingStep() throws -> Double {
    let architecture = Architecture(
      inputChannels: 1, outputChannels: 3, features: [32, 64, 128, 256],
      kernels: Array(repeating: [3, 3, 3], count: 4), strides: [[1, 1, 1]] + Array(repeating: [2, 2, 2], count: 3),
      convsPerStage: [2, 2, 2, 2], convsPerDecoderStage: [2, 2, 2], activation: .leakyReLU(slope: 0.01))
    return try StepTimer(architecture, patch: [40, 56, 40], batchSize: batchSize, engine: .auto).medians(steps: 3).step
  }

  private func printTable(_ costs: [Cost], _ step: Double?) {
    func time(_ seconds: Double) -> String {
      seconds < 1e-3 ? String(format: "%.2f µs", seconds * 1e6) : String(format: "%.2f ms", seconds * 1e3)
    }
    print("\(numSamples) cases, batches of \(batchSize), beta \(beta)")
    var rows = [["", "draw", "update", "memory"] + (step == nil ? [] : ["of a training step"])]
    for cost in costs {
      var row = [
        cost.name, time(cost.draw), time(cost.record), String(format: "%.1f MB", Double(max(0, cost.memory)) / 1e6),
      ]
      if let step { row.append(String(format: "%.4f %%", 100 * (cost.draw + cost.record) / step)) }
      rows.append(row)
    }
    let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    for row in rows {
      let cells = row.enumerated().map { column, cell in
        let space = String(repeating: " ", count: widths[column] - cell.count)
        return column == 0 ? cell + space : space + cell
      }
      print(cells.joined(separator: "  "))
    }
    if let step { print(String(format: "A training step takes %.0f ms.", step * 1000)) }
  }

  private func printJSON(_ costs: [Cost], _ step: Double?) {
    var fields = costs.map { cost in
      "\"\(cost.name)\": {\"draw\": \(cost.draw), \"record\": \(cost.record), \"bytes\": \(max(0, cost.memory))}"
    }
    if let step { fields.append("\"step\": \(step)") }
    print("{\(fields.joined(separator: ", "))}")
  }

  /// Memory of this process that is in use, by Linux's account; 0 elsewhere.
  private static func residentBytes() -> Int {
    let statm = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)
    let pages = statm?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
    return pages * Int(sysconf(Int32(_SC_PAGESIZE)))
  }
}

import ArgumentParser
import Files
import Foundation
import HardnessWeighting
import Training

/// `hwsseg overhead`: measures what drawing by hardness costs, in time and memory.
struct OverheadCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "overhead", abstract: "Measures what drawing by hardness costs, in time and memory.",
    discussion: """
      Draws batches and records their losses with the tree of sums, and in the published way, which computes the \
      softmax over all losses for every batch. Both are compared with a training step on this machine: nnU-Net's \
      network for the hippocampus (patch 40×56×40, 32 to 256 features) with the same batch size.
      """)

  @Option(name: [.long, .customLong("num-samples")], help: "Number of cases.") var cases: Int
  @Option(help: "Cases in a batch.") var batchSize = 2
  @Option(help: "How strongly hard cases are favored: a number from 0, inf, or ess:0.3.") var beta = Beta.fixed(100)
  @Flag(
    help: "Measure the tree also with estimates of hardness, groups, scores, refreshes, a uniform share and a cap.")
  var everyOption = false
  @Flag(help: "Leave out the full softmax and the training step.") var treeOnly = false
  @Flag(help: "Print JSON.") var json = false

  func validate() throws {
    guard 1..<Int(UInt32.max) ~= cases else {
      throw ValidationError("--cases must be from 1 to \(UInt32.max - 1)")
    }
    guard 1...4096 ~= batchSize else { throw ValidationError("--batch-size must be from 1 to 4096") }
  }

  func run() throws {
    let benchmark = SamplerBenchmark(caseCount: cases, batchSize: batchSize, beta: beta)
    var costs = [try benchmark.treeCost()]
    if everyOption { costs.append(try benchmark.everyOptionCost()) }
    if !treeOnly { costs.append(benchmark.softmaxCost()) }
    let step = treeOnly ? nil : try benchmark.trainingStep()
    json ? printJSON(costs, step) : printTable(costs, step)
  }

  private func printTable(_ costs: [SamplerBenchmark.Cost], _ step: Double?) {
    func time(_ seconds: Double) -> String {
      seconds < 1e-3 ? String(format: "%.2f µs", seconds * 1e6) : String(format: "%.2f ms", seconds * 1e3)
    }
    print("\(cases) cases, batches of \(batchSize), beta \(beta)")
    var rows = [["", "draw", "update", "memory"] + (step == nil ? [] : ["of a training step"])]
    for cost in costs {
      var row = [
        cost.name, time(cost.draw), time(cost.record), String(format: "%.1f MB", Double(cost.memory) / 1e6),
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

  private func printJSON(_ costs: [SamplerBenchmark.Cost], _ step: Double?) {
    var members = costs.map { cost in
      (
        cost.name,
        JSON.object(
          JSONObject([
            ("draw", .number(cost.draw)), ("record", .number(cost.record)), ("bytes", .integer(cost.memory)),
          ]))
      )
    }
    if let step { members.append(("step", .number(step))) }
    print(JSON.object(JSONObject(members)).text, terminator: "")
  }
}

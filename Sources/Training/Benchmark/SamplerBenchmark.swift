import Foundation
import HardnessWeighting
import Statistics
import UNet

/// What drawing by hardness costs, in time and memory, beside the published way and beside a training step: what
/// `hwsseg overhead` prints.
public struct SamplerBenchmark: Sendable {
  /// What one method costs.
  public struct Cost: Sendable {
    public let name: String
    /// Median seconds in which a batch is drawn.
    public let draw: Double
    /// Median seconds in which the losses of a batch are recorded.
    public let record: Double
    /// What the method keeps, in bytes.
    public let memory: Int
  }

  private let caseCount: Int
  private let batchSize: Int
  private let beta: Beta

  public init(caseCount: Int, batchSize: Int, beta: Beta) {
    self.caseCount = caseCount
    self.batchSize = batchSize
    self.beta = beta
  }

  /// The cost of `HardnessWeightedSampler`, which keeps a tree of sums.
  ///
  /// - Throws: `SamplerError` when so many cases cannot be drawn from.
  public func treeCost() throws -> Cost {
    let before = ProcessMemory.resident
    var options = HardnessOptions(beta: beta)
    options.replacement = batchSize > caseCount
    var sampler = try HardnessWeightedSampler(losses: losses(), options: options, seed: 1)
    _ = try sampler.draw(batchSize)
    let memory = ProcessMemory.resident - before
    let times = try measure {
      try sampler.draw(batchSize)
    } record: {
      try sampler.record(losses: $1, for: $0)
    }
    return Cost(name: "log-sum-exp tree", draw: times.draw, record: times.record, memory: max(0, memory))
  }

  /// The cost of the published way, which computes the softmax over all losses for every batch.
  public func softmaxCost() -> Cost {
    let before = ProcessMemory.resident
    var losses = losses()
    var sums = [Double](repeating: 0, count: caseCount)
    let sharpness = if case .fixed(let beta) = beta { beta } else { 100.0 }
    let memory = ProcessMemory.resident - before
    let times = measure {
      let largest = losses.max() ?? 0
      var sum = 0.0
      for index in losses.indices {
        sum += exp(sharpness * (losses[index] - largest))
        sums[index] = sum
      }
      return (0..<batchSize).map { _ in
        let target = Double.random(in: 0..<sum)
        var range = 0..<caseCount
        while range.count > 1 {
          let middle = (range.lowerBound + range.upperBound) / 2
          range = sums[middle - 1] > target ? range.lowerBound..<middle : middle..<range.upperBound
        }
        return range.lowerBound
      }
    } record: { cases, new in
      for (index, loss) in zip(cases, new) { losses[index] = loss }
    }
    return Cost(name: "full softmax", draw: times.draw, record: times.record, memory: max(0, memory))
  }

  /// Median seconds of a training step of nnU-Net's network for the hippocampus, with the same batch size.
  ///
  /// - Throws: `OneDNNError` when oneDNN does not work here.
  public func trainingStep() throws -> Double {
    let architecture = Architecture(
      inputChannels: 1, outputChannels: 3, features: [32, 64, 128, 256],
      kernels: Array(repeating: [3, 3, 3], count: 4), strides: [[1, 1, 1]] + Array(repeating: [2, 2, 2], count: 3),
      convolutionsPerStage: [2, 2, 2, 2], convolutionsPerDecoderStage: [2, 2, 2], activation: .leakyReLU(slope: 0.01))
    return try StepTimer(architecture, patch: [40, 56, 40], batchSize: batchSize, engine: .auto).medians(steps: 3).step
  }

  /// Losses spread as after a few epochs.
  private func losses() -> [Double] { (0..<caseCount).map { _ in Double.random(in: 0...1) } }

  /// Times as many draws and records as fit in half a second.
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
    return (Quantile.median(draws), Quantile.median(records))
  }
}

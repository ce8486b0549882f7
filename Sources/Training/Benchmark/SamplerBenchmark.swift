import Files
import Foundation
import HardnessWeighting
import Statistics
import UNet

/// Measures the time and memory of hardness-weighted sampling: what `hwsseg overhead` prints.
///
/// It compares `HardnessWeightedSampler` with the published method, which computes a softmax over all losses for every
/// batch, and with a training step.
public struct SamplerBenchmark: Sendable {
  /// The cost of one method.
  public struct Cost: Sendable {
    /// The name of the method.
    public let name: String
    /// The median seconds to draw a batch.
    public let draw: Double
    /// The median seconds to record the losses of a batch.
    public let record: Double
    /// The memory that the method keeps, in bytes.
    public let memory: Int
  }

  private let caseCount: Int
  private let batchSize: Int
  private let beta: Beta

  /// Creates a benchmark.
  ///
  /// - Parameters:
  ///   - caseCount: The number of cases to draw from.
  ///   - batchSize: The number of cases in a batch.
  ///   - beta: The β of the sampler. The published method uses it when it is fixed, and 100 otherwise.
  public init(caseCount: Int, batchSize: Int, beta: Beta) {
    self.caseCount = caseCount
    self.batchSize = batchSize
    self.beta = beta
  }

  /// Measures `HardnessWeightedSampler`, which keeps a tree of log-sum-exps.
  ///
  /// - Throws: `SamplerError` when the sampler does not support the number of cases.
  public func treeCost() throws -> Cost {
    let before = ProcessMemory.resident
    var options = HardnessOptions(beta: beta)
    options.replacement = batchSize > caseCount
    var sampler = try HardnessWeightedSampler(losses: losses(), options: options, seed: 1)
    _ = try sampler.draw(batchSize)
    return try cost("log-sum-exp tree", of: &sampler, residentBefore: before)
  }

  /// Measures `HardnessWeightedSampler` with every option on: estimates that pool over ten groups and begin from
  /// scores, groups with a guaranteed share, refreshes, a uniform share, a cap, and batches without replacement.
  ///
  /// - Throws: `SamplerError` when the sampler does not support the number of cases.
  public func everyOptionCost() throws -> Cost {
    let before = ProcessMemory.resident
    var estimate = HardnessEstimator.Options()
    estimate.poolsGroups = true
    var options = HardnessOptions.estimating()
    options.memory = .estimate(estimate)
    options.groupShare = .each(0.02)
    options.floor = .uniformShare(0.05)
    options.cap = max(0.2, 1 / Double(caseCount))
    options.replacement = batchSize > caseCount
    var sampler = try HardnessWeightedSampler(
      losses: losses(), options: options, groups: (0..<caseCount).map { "group \($0 % 10)" }, seed: 1)
    try sampler.record(scores: losses().map { $0 })
    return try cost("every option", of: &sampler, residentBefore: before)
  }

  /// The cost of a sampler that has just been created.
  ///
  /// - Parameter before: The resident memory of the process before that, in bytes.
  private func cost(
    _ name: String, of sampler: inout HardnessWeightedSampler, residentBefore before: Int
  ) throws -> Cost {
    let memory = ProcessMemory.resident - before
    let times = try measure {
      try sampler.draw(batchSize)
    } record: {
      try sampler.record(losses: $1, for: $0)
    }
    return Cost(name: name, draw: times.draw, record: times.record, memory: max(0, memory))
  }

  /// Measures the published method, which computes the softmax over all losses for every batch.
  public func softmaxCost() -> Cost {
    let before = ProcessMemory.resident
    var losses = losses()
    var cumulative = [Double](repeating: 0, count: caseCount)
    let sharpness = if case .fixed(let beta) = beta { beta } else { 100.0 }
    let memory = ProcessMemory.resident - before
    let times = measure {
      let largest = losses.max() ?? 0
      var sum = 0.0
      for index in losses.indices {
        sum += exp(sharpness * (losses[index] - largest))
        cumulative[index] = sum
      }
      return (0..<batchSize).map { _ in
        let target = Double.random(in: 0..<sum)
        var range = 0..<caseCount
        while range.count > 1 {
          let middle = (range.lowerBound + range.upperBound) / 2
          range = cumulative[middle - 1] > target ? range.lowerBound..<middle : middle..<range.upperBound
        }
        return range.lowerBound
      }
    } record: { cases, new in
      for (index, loss) in zip(cases, new) { losses[index] = loss }
    }
    return Cost(name: "full softmax", draw: times.draw, record: times.record, memory: max(0, memory))
  }

  /// The median seconds of a training step of nnU-Net's network for the hippocampus, with the same batch size.
  ///
  /// - Throws: `OneDNNError` when oneDNN fails on this machine.
  public func trainingStep() throws -> Double {
    let architecture = Architecture(
      inputChannels: 1, outputChannels: 3, features: [32, 64, 128, 256],
      kernels: Array(repeating: [3, 3, 3], count: 4), strides: [[1, 1, 1]] + Array(repeating: [2, 2, 2], count: 3),
      convolutionsPerStage: [2, 2, 2, 2], convolutionsPerDecoderStage: [2, 2, 2], activation: .leakyReLU(slope: 0.01))
    return try StepTimer(architecture, patch: [40, 56, 40], batchSize: batchSize, engine: .auto).medians(steps: 3).step
  }

  /// Random losses, uniform in [0, 1].
  private func losses() -> [Double] { (0..<caseCount).map { _ in Double.random(in: 0...1) } }

  /// Repeats drawing and recording for half a second and returns the median seconds of each.
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

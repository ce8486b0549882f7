import Datasets
import Plans
import Statistics

/// A multiset of voxel values: each value once, ascending, with how often it occurs. Samples by the hundred million
/// fit into the memory of the volumes they were drawn from.
struct WeightedValues: Sendable {
  private(set) var values: [Float] = []
  private(set) var counts: [Int] = []

  init() {}

  /// Draws `draws` of `candidates` with replacement.
  init(drawing draws: Int, from candidates: [Float], using random: inout NumPyRandom) {
    var hits = [UInt32](repeating: 0, count: candidates.count)
    hits.withUnsafeMutableBufferPointer { hits in
      for _ in 0..<draws { hits[random.integer(upTo: candidates.count - 1)] += 1 }
    }
    let order = candidates.indices.filter { hits[$0] > 0 }.map { (candidates[$0], Int(hits[$0])) }
    self.init(pairs: order)
  }

  private init(pairs: [(Float, Int)]) {
    for (value, count) in pairs.sorted(by: { $0.0 < $1.0 }) {
      if values.last == value {
        counts[counts.count - 1] += count
      } else {
        values.append(value)
        counts.append(count)
      }
    }
  }

  /// Both multisets together.
  init(merging parts: [WeightedValues]) {
    self.init(pairs: parts.flatMap { Array(zip($0.values, $0.counts)) })
  }

  var isEmpty: Bool { values.isEmpty }

  /// nnU-Net's statistics of the values, each as often as it occurs; there must be one.
  var intensityProperties: IntensityProperties {
    let total = counts.reduce(0, +)
    var sum = 0.0
    for (value, count) in zip(values, counts) { sum += Double(value) * Double(count) }
    let mean = sum / Double(total)
    var squares = 0.0
    for (value, count) in zip(values, counts) {
      let difference = Double(value) - mean
      squares += difference * difference * Double(count)
    }
    func single(_ value: Double) -> Double { Double(Float(value)) }
    return IntensityProperties(
      maximum: Double(values[values.count - 1]), mean: single(mean), median: single(percentile(50, of: total)),
      minimum: Double(values[0]), percentile005: single(percentile(0.5, of: total)),
      percentile995: single(percentile(99.5, of: total)),
      standardDeviation: single((squares / Double(total)).squareRoot()))
  }

  private func percentile(_ q: Double, of total: Int) -> Double {
    Quantile.percentile(q, count: total, value: element)
  }

  /// The value at a rank of the ascending list.
  private func element(_ rank: Int) -> Double {
    var passed = 0
    for (value, count) in zip(values, counts) {
      passed += count
      if rank < passed { return Double(value) }
    }
    return Double(values[values.count - 1])
  }
}

import Datasets
import Plans
import Statistics

/// A multiset of voxel values that stores each value once, with its count.
///
/// Hundreds of millions of samples take no more memory than the volumes they were drawn from.
struct WeightedValues: Sendable {
  /// The distinct values, ascending.
  private(set) var values: [Float] = []
  /// How often each value occurs.
  private(set) var counts: [Int] = []

  init() {}

  /// Draws `draws` of `candidates` with replacement.
  init(drawing draws: Int, from candidates: [Float], using random: inout NumPyRandom) {
    var hits = [UInt32](repeating: 0, count: candidates.count)
    hits.withUnsafeMutableBufferPointer { hits in
      for _ in 0..<draws { hits[random.integer(upTo: candidates.count - 1)] += 1 }
    }
    let pairs = candidates.indices.filter { hits[$0] > 0 }.map { (candidates[$0], Int(hits[$0])) }
    self.init(pairs: pairs)
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

  /// The union of multisets, whose counts are added.
  init(merging parts: [WeightedValues]) {
    self.init(pairs: parts.flatMap { Array(zip($0.values, $0.counts)) })
  }

  var isEmpty: Bool { values.isEmpty }

  /// nnU-Net's statistics of the values, rounded to single precision as there. There must be at least one value.
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

  /// The value at a rank, from 0, of the sorted samples.
  private func element(_ rank: Int) -> Double {
    var cumulative = 0
    for (value, count) in zip(values, counts) {
      cumulative += count
      if rank < cumulative { return Double(value) }
    }
    return Double(values[values.count - 1])
  }
}

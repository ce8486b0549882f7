/// Weights with their running sums: a draw in proportion takes O(log n).
struct CumulativeWeights: Sendable, Equatable {
  private let sums: [Double]

  /// - Parameter weights: at least 0, one of them more.
  init(_ weights: [Double]) {
    var sum = 0.0
    sums = weights.map {
      sum += $0
      return sum
    }
  }

  func draw(_ generator: inout SplitMix64) -> Int {
    // Rounding must not lead past the last case that has a weight.
    let target = min(generator.uniform() * sums[sums.count - 1], sums[sums.count - 1].nextDown)
    var range = 0..<sums.count
    while !range.isEmpty {
      let middle = (range.lowerBound + range.upperBound) / 2
      range = sums[middle] > target ? range.lowerBound..<middle : middle + 1..<range.upperBound
    }
    return range.lowerBound
  }
}

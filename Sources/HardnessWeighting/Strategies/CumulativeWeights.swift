/// The running sums of weights, for draws in proportion to the weights in O(log n).
struct CumulativeWeights: Sendable, Equatable {
  private let sums: [Double]

  /// - Parameter weights: Finite and at least 0; at least one is positive.
  init(_ weights: [Double]) {
    var sum = 0.0
    sums = weights.map {
      sum += $0
      return sum
    }
  }

  /// The probability with which an index is drawn.
  func probability(of index: Int) -> Double {
    (sums[index] - (index > 0 ? sums[index - 1] : 0)) / sums[sums.count - 1]
  }

  /// Draws an index in proportion to its weight.
  func draw(_ generator: inout SplitMix64) -> Int {
    // Even when rounded, the target stays below the last sum, so that the drawn index has a positive weight.
    let target = min(generator.uniform() * sums[sums.count - 1], sums[sums.count - 1].nextDown)
    var range = 0..<sums.count
    while !range.isEmpty {
      let middle = (range.lowerBound + range.upperBound) / 2
      range = sums[middle] > target ? range.lowerBound..<middle : middle + 1..<range.upperBound
    }
    return range.lowerBound
  }
}

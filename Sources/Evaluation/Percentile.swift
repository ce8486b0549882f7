/// Percentiles with linear interpolation between neighbours, NumPy's and PyTorch's default.
enum Percentile {
  /// - Parameters:
  ///   - values: in ascending order.
  ///   - percentile: 0 to 100.
  /// - Returns: NaN when there are no values.
  static func of(sorted values: [Double], _ percentile: Double) -> Double {
    guard let last = values.indices.last else { return .nan }
    let position = min(max(percentile / 100, 0), 1) * Double(last)
    let lower = min(Int(position), last)
    let upper = min(lower + 1, last)
    let fraction = position - Double(lower)
    // Between equal neighbours nothing is added, so that infinity stays infinity.
    return values[lower] == values[upper]
      ? values[lower] : values[lower] + fraction * (values[upper] - values[lower])
  }
}

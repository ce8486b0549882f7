/// Quantiles that equal NumPy's to the last bit: linear interpolation between neighboring values,
/// type 7 of Hyndman and Fan (1996).
public enum Quantile {
  /// A percentile of values in ascending order.
  ///
  /// - Parameters:
  ///   - percentile: 0 to 100; 50 is the median.
  ///   - values: Values in ascending order. Infinities are allowed.
  /// - Returns: The percentile, or NaN when there are no values.
  public static func percentile(_ percentile: Double, ofSorted values: [Double]) -> Double {
    self.percentile(percentile, count: values.count) { values[$0] }
  }

  /// A percentile of values in any order, or NaN when there are no values.
  public static func percentile(_ percentile: Double, of values: [Double]) -> Double {
    self.percentile(percentile, ofSorted: values.sorted())
  }

  /// The middle value, or the mean of the two middle values, or NaN when there are no values.
  public static func median(_ values: [Double]) -> Double {
    guard !values.isEmpty else { return .nan }
    let sorted = values.sorted()
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
  }

  /// A percentile of values that need not be in an array.
  ///
  /// - Parameters:
  ///   - percentile: 0 to 100; 50 is the median.
  ///   - count: The number of values.
  ///   - value: Returns the value at an index of the ascending order.
  /// - Returns: The percentile, or NaN when there are no values.
  public static func percentile(_ percentile: Double, count: Int, value: (Int) -> Double) -> Double {
    guard count > 0 else { return .nan }
    let position = min(max(percentile / 100, 0), 1) * Double(count - 1)
    let lower = min(Int(position), count - 1)
    let (below, above) = (value(lower), value(min(lower + 1, count - 1)))
    let (difference, fraction) = (above - below, position - Double(lower))
    // Without interpolation, infinity stays infinity.
    if fraction == 0 || below == above { return below }
    // NumPy starts from the nearer end, but from an upper end at infinity the result would be NaN.
    return fraction < 0.5 || difference.isInfinite ? below + difference * fraction : above - difference * (1 - fraction)
  }
}

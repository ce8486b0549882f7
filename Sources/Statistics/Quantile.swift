/// Quantiles as NumPy computes them by default, to the last bit: linear interpolation between neighbors (type 7 of
/// Hyndman and Fan, 1996).
public enum Quantile {
  /// A percentile of values in ascending order.
  ///
  /// - Parameters:
  ///   - percentile: 0 to 100; 50 is the median.
  ///   - values: in ascending order; infinities are allowed.
  /// - Returns: NaN when there are no values.
  public static func percentile(_ percentile: Double, ofSorted values: [Double]) -> Double {
    self.percentile(percentile, count: values.count) { values[$0] }
  }

  /// A percentile of values in any order.
  public static func percentile(_ percentile: Double, of values: [Double]) -> Double {
    self.percentile(percentile, ofSorted: values.sorted())
  }

  /// The middle value, or the mean of the two middle ones; NaN when there are no values.
  public static func median(_ values: [Double]) -> Double {
    guard !values.isEmpty else { return .nan }
    let sorted = values.sorted()
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
  }

  /// A percentile of `count` values of which `value` returns the one at a position of the ascending order.
  public static func percentile(_ percentile: Double, count: Int, value: (Int) -> Double) -> Double {
    guard count > 0 else { return .nan }
    let position = min(max(percentile / 100, 0), 1) * Double(count - 1)
    let lower = min(Int(position), count - 1)
    let (below, above) = (value(lower), value(min(lower + 1, count - 1)))
    let (difference, fraction) = (above - below, position - Double(lower))
    // Where nothing has to be interpolated, infinity stays infinity.
    if fraction == 0 || below == above { return below }
    // NumPy starts from the nearer end; from an infinite one there would be no way.
    return fraction < 0.5 || difference.isInfinite ? below + difference * fraction : above - difference * (1 - fraction)
  }
}

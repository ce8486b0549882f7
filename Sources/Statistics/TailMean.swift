/// The mean of the worst share of the values: the conditional value at risk (CVaR), also called expected shortfall
/// (Rockafellar and Uryasev, 2000).
public enum TailMean {
  /// The mean of the first `share` of the values.
  ///
  /// Where `share` · n is not a whole number, the value at the border counts with the fraction that is left: of 15
  /// values, the worst 10 % are the first value and half of the second. A share of less than one value is the first
  /// value.
  ///
  /// - Parameters:
  ///   - share: Above 0, at most 1; 1 is the mean.
  ///   - values: The worst value first.
  /// - Returns: The mean, or NaN when there are no values.
  public static func cvar(_ share: Double, worstFirst values: [Double]) -> Double {
    guard let first = values.first else { return .nan }
    let weight = share * Double(values.count)
    guard weight > 1 else { return first }
    let whole = min(Int(weight), values.count)
    let sum = values[..<whole].reduce(0, +)
    return (whole < values.count ? sum + (weight - Double(whole)) * values[whole] : sum) / weight
  }
}

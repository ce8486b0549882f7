/// Holm's step-down correction for several tests (1979), as statsmodels' `multipletests(method='holm')`.
public enum Holm {
  /// The corrected p-values, in the order of the given ones.
  ///
  /// A corrected value below 0.05 rejects its hypothesis while the probability of any false rejection stays below 0.05.
  public static func corrected(_ pValues: [Double]) -> [Double] {
    let order = pValues.indices.sorted { pValues[$0] < pValues[$1] }
    var corrected = pValues
    var largest = 0.0
    for (position, index) in order.enumerated() {
      largest = max(largest, Double(pValues.count - position) * pValues[index])
      corrected[index] = min(1, largest)
    }
    return corrected
  }
}

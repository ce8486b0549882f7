/// Spearman's rank correlation (1904): how well two lists of numbers agree in their order.
public enum RankCorrelation {
  /// Pearson's correlation of the ranks, as `scipy.stats.spearmanr` computes it; equal values share their mean rank.
  ///
  /// - Parameters:
  ///   - first: Numbers in any unit, none of which is NaN.
  ///   - second: As many numbers, each paired with the one at the same position in `first`.
  /// - Returns: A number from −1, for opposite orders, to 1, for the same order; `nil` when all values of one list are
  ///   equal, or there are none.
  public static func spearman(_ first: [Double], _ second: [Double]) -> Double? {
    let (x, y) = (ranks(first), ranks(second))
    let mean = Double(x.count - 1) / 2
    var (xy, xx, yy) = (0.0, 0.0, 0.0)
    for (left, right) in zip(x, y) {
      xy += (left - mean) * (right - mean)
      xx += (left - mean) * (left - mean)
      yy += (right - mean) * (right - mean)
    }
    return xx > 0 && yy > 0 ? xy / (xx * yy).squareRoot() : nil
  }

  /// The rank of each value, from 0; equal values share their mean rank.
  private static func ranks(_ values: [Double]) -> [Double] {
    let order = values.indices.sorted { values[$0] < values[$1] }
    var ranks = Array(repeating: 0.0, count: values.count)
    var start = 0
    while start < order.count {
      var end = start + 1
      while end < order.count, values[order[end]] == values[order[start]] { end += 1 }
      for position in start..<end { ranks[order[position]] = Double(start + end - 1) / 2 }
      start = end
    }
    return ranks
  }
}

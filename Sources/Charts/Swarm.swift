/// Spreads the dots of a strip across it, so that cases of equal value can be told apart.
enum Swarm {
  private static let diameter = 2 * Dot.radius

  /// An offset for each dot: those in the same stretch of the axis lie side by side around the middle of the
  /// strip, and closer together where that would exceed `limit`.
  ///
  /// - Parameters:
  ///   - positions: The positions of the dots along the strip.
  ///   - limit: The largest offset to either side.
  static func offsets(_ positions: [Double], limit: Double) -> [Double] {
    let bins = Dictionary(grouping: positions.indices) { Int((positions[$0] / diameter).rounded(.down)) }
    let fullest = bins.values.map(\.count).max() ?? 1
    let spacing = min(diameter, 2 * limit / Double(max(fullest - 1, 1)))
    var offsets = Array(repeating: 0.0, count: positions.count)
    for bin in bins.values {
      for (rank, index) in bin.enumerated() { offsets[index] = (Double(rank) - Double(bin.count - 1) / 2) * spacing }
    }
    return offsets
  }
}

/// The worst distribution whose χ² divergence from uniform, ½ (n Σ p² − 1), is at most a radius (Levy et al., "Large-Scale Methods for
/// Distributionally Robust Optimization", NeurIPS 2020): p proportional to max(0, loss − η), with η such that the radius is reached. The
/// effective sample size is then n / (1 + 2 · radius).
public struct ChiSquareRule: LossRule {
  /// At least 0, which is uniform.
  public let radius: Double

  public init(radius: Double) { self.radius = radius }

  public func validate(caseCount: Int) throws {
    guard radius.isFinite, radius >= 0 else {
      throw SamplerError.setting("the radius", radius, expected: "0 or more")
    }
  }

  public func probabilities(_ losses: [Double]) -> [Double] {
    let n = Double(losses.count)
    let order = losses.hardestFirst()
    let (largest, least) = (losses[order[0]], losses[order[order.count - 1]])
    // Distances from the hardest, on a scale from 0 to 1 on which nothing overflows.
    let scale = largest / 2 - least / 2
    guard radius > 0, scale > 0 else { return Array(repeating: 1 / n, count: losses.count) }
    let below = losses.map { (largest / 2 - $0 / 2) / scale }
    func distribution(_ reach: Double) -> [Double] {
      let weights = below.map { max(0, reach - $0) }
      let sum = weights.reduce(0, +)
      return weights.map { $0 / sum }
    }
    /// Falls as η moves away from the hardest loss, by `reach`.
    func divergence(_ reach: Double) -> Double {
      (n * distribution(reach).reduce(0) { $0 + $1 * $1 } - 1) / 2
    }
    // A reach this short leaves the hardest alone, which is the limit where the radius cannot be reached.
    var (low, high) = (1e-12, 1.0)
    guard divergence(low) > radius else { return distribution(low) }
    while divergence(high) > radius, high < 1e12 { high *= 2 }
    for _ in 0..<200 where high - low > 1e-15 * high {
      let middle = (low + high) / 2
      if divergence(middle) > radius { low = middle } else { high = middle }
    }
    return distribution(high)
  }
}

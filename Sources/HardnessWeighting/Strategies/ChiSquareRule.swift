/// The worst distribution in a χ² ball around the uniform one.
///
/// It maximizes the expected loss over all distributions of n cases within a radius ρ (Levy et al., "Large-Scale
/// Methods for Distributionally Robust Optimization", NeurIPS 2020):
///
///     maximize Σ p_i · loss_i   subject to   ½ · (n · Σ p_i² − 1) ≤ ρ,   p_i ≥ 0,   Σ p_i = 1
///
/// The solution is
///
///     p_i = max(0, loss_i − η) / Σ_j max(0, loss_j − η)
///
/// with the η at which the divergence equals ρ. The effective sample size is then n / (1 + 2ρ). When ρ is too large
/// to be reached, only the hardest cases are drawn.
public struct ChiSquareRule: LossRule {
  /// The radius ρ, at least 0. 0 is uniform.
  public let radius: Double

  /// Creates a rule with the given radius ρ.
  public init(radius: Double) { self.radius = radius }

  /// Checks the setting.
  ///
  /// - Throws: ``SamplerError/setting(_:_:expected:)`` when it is out of range.
  public func validate(caseCount: Int) throws {
    guard radius.isFinite, radius >= 0 else {
      throw SamplerError.setting("the radius", radius, expected: "0 or more")
    }
  }

  public func probabilities(_ losses: [Double]) -> [Double] {
    let n = Double(losses.count)
    let order = losses.hardestFirst()
    let (largest, smallest) = (losses[order[0]], losses[order[order.count - 1]])
    // Distances from the largest loss in units of half the range, so that nothing overflows.
    let scale = largest / 2 - smallest / 2
    guard radius > 0, scale > 0 else { return Array(repeating: 1 / n, count: losses.count) }
    let distances = losses.map { (largest / 2 - $0 / 2) / scale }
    func distribution(_ reach: Double) -> [Double] {
      let weights = distances.map { max(0, reach - $0) }
      let sum = weights.reduce(0, +)
      return weights.map { $0 / sum }
    }
    /// Falls as the distance `reach` of η from the largest loss grows.
    func divergence(_ reach: Double) -> Double {
      (n * distribution(reach).reduce(0) { $0 + $1 * $1 } - 1) / 2
    }
    // At this distance only the hardest cases are left: the limit when the radius cannot be reached.
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

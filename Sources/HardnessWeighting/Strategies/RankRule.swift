/// Probabilities that depend on the rank of the loss instead of its value.
///
/// With n cases and an exponent b,
///
///     p_i ∝ (#{j : loss_j ≤ loss_i} / n)^b
///
/// Selective-Backprop keeps samples with this probability (Jiang et al., "Accelerating Deep Learning by Focusing on
/// the Biggest Losers", 2019); here it is normalized, and cases are drawn with it. The exponent needs no tuning to the
/// scale of the losses, and an outlier counts no more than any other hardest case.
public struct RankRule: LossRule {
  /// The exponent b, at least 0; the paper's β. 0 is uniform.
  public let power: Double

  /// Creates a rule with the given exponent.
  public init(power: Double) { self.power = power }

  /// Checks the setting.
  ///
  /// - Throws: ``SamplerError/setting(_:_:expected:)`` when it is out of range.
  public func validate(caseCount: Int) throws {
    guard power.isFinite, power >= 0 else { throw SamplerError.setting("the power", power, expected: "0 or more") }
  }

  public func probabilities(_ losses: [Double]) -> [Double] {
    let order = losses.hardestFirst()
    var weights = Array(repeating: 0.0, count: losses.count)
    var first = 0
    for (position, index) in order.enumerated() {
      // Cases of equal loss have the rank of the first.
      if losses[index] != losses[order[first]] { first = position }
      weights[index] = HardnessWeighting.power(Double(losses.count - first) / Double(losses.count), power)
    }
    let sum = weights.reduce(0, +)
    return weights.map { $0 / sum }
  }
}

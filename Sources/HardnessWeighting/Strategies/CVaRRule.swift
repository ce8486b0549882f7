/// The worst distribution for the conditional value at risk (CVaR) at level α.
///
/// It maximizes the expected loss over all distributions of n cases with bounded probabilities (Levy et al.,
/// "Large-Scale Methods for Distributionally Robust Optimization", NeurIPS 2020):
///
///     maximize Σ p_i · loss_i   subject to   0 ≤ p_i ≤ 1 / (α · n),   Σ p_i = 1
///
/// The cases with the largest losses have p = 1 / (α · n) each, until the sum reaches 1. Cases of equal loss at the
/// border share what is left.
public struct CVaRRule: LossRule {
  /// The level α, above 0 and at most 1: the share of the cases that are drawn. 1 is uniform.
  public let share: Double

  /// Creates a rule with the given level α.
  public init(share: Double) { self.share = share }

  /// Checks the setting.
  ///
  /// - Throws: ``SamplerError/setting(_:_:expected:)`` when it is out of range.
  public func validate(caseCount: Int) throws {
    guard share > 0, share <= 1 else {
      throw SamplerError.setting("CVaR's share", share, expected: "above 0 and at most 1")
    }
  }

  public func probabilities(_ losses: [Double]) -> [Double] {
    let maximum = 1 / (share * Double(losses.count))
    let order = losses.hardestFirst()
    var rest = 1.0
    var probabilities = Array(repeating: 0.0, count: losses.count)
    var first = 0
    while first < order.count {
      let equal = order[first...].prefix { losses[$0] == losses[order[first]] }
      let each = min(maximum, rest / Double(equal.count))
      for index in equal { probabilities[index] = each }
      rest = max(0, rest - each * Double(equal.count))
      first += equal.count
    }
    return probabilities
  }
}

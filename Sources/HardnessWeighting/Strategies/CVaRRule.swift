/// The distribution that makes the conditional value at risk: uniform over the share α of the cases with the largest losses (Levy et al.,
/// "Large-Scale Methods for Distributionally Robust Optimization", NeurIPS 2020). Of the case at the border, the part that fills the share counts.
public struct CVaRRule: LossRule {
  /// The share α of the cases, above 0 and at most 1; 1 is uniform.
  public let share: Double

  public init(share: Double) { self.share = share }

  public func validate(caseCount: Int) throws {
    guard share > 0, share <= 1 else {
      throw SamplerError.setting("CVaR's share", share, expected: "above 0 and at most 1")
    }
  }

  public func probabilities(_ losses: [Double]) -> [Double] {
    let most = 1 / (share * Double(losses.count))
    var rest = 1.0
    var probabilities = Array(repeating: 0.0, count: losses.count)
    for index in losses.hardestFirst() where rest > 0 {
      probabilities[index] = min(most, rest)
      rest -= probabilities[index]
    }
    return probabilities
  }
}

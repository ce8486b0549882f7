/// The distribution that makes the conditional value at risk: uniform over the share α of the cases with the largest losses (Levy et al.,
/// "Large-Scale Methods for Distributionally Robust Optimization", NeurIPS 2020). Of the case at the border the part that fills the share counts; equal ones at the border divide it.
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
    let order = losses.hardestFirst()
    var rest = 1.0
    var probabilities = Array(repeating: 0.0, count: losses.count)
    var first = 0
    while first < order.count {
      let equal = order[first...].prefix { losses[$0] == losses[order[first]] }
      let each = min(most, rest / Double(equal.count))
      for index in equal { probabilities[index] = each }
      rest = max(0, rest - each * Double(equal.count))
      first += equal.count
    }
    return probabilities
  }
}

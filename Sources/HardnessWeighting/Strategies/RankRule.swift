/// Probabilities that rise with the rank of the loss instead of its size: proportional to the share of cases at most as hard, to a power.
/// Selective-Backprop keeps samples with this probability (Jiang et al., "Accelerating Deep Learning by Focusing on the Biggest Losers",
/// 2019); here cases are drawn by it. It needs no β in units of the loss, and an outlier counts no more than any other hardest case.
public struct RankRule: LossRule {
  /// At least 0, which is uniform; the paper's β.
  public let power: Double

  public init(power: Double) { self.power = power }

  public func validate(caseCount: Int) throws {
    guard power.isFinite, power >= 0 else { throw SamplerError.setting("the power", power, expected: "0 or more") }
  }

  public func probabilities(_ losses: [Double]) -> [Double] {
    let order = losses.hardestFirst()
    var weights = Array(repeating: 0.0, count: losses.count)
    var first = 0
    for (place, index) in order.enumerated() {
      // Cases of equal loss share the rank of the first.
      if losses[index] != losses[order[first]] { first = place }
      weights[index] = HardnessWeighting.power(Double(losses.count - first) / Double(losses.count), power)
    }
    let sum = weights.reduce(0, +)
    return weights.map { $0 / sum }
  }
}

/// Draws each case in proportion to a weight given beforehand, with replacement: for what is known to be rare, or for a fixed balance between
/// scanners (asked for in nnU-Net's issue 2172). Losses are checked and forgotten.
public struct StaticSampler: CaseSampler {
  public let weights: [Double]
  private let cumulative: CumulativeWeights
  private var generator: SplitMix64

  /// - Parameter weights: finite and at least 0, in any unit; 0 leaves a case out.
  /// - Throws: `SamplerError` when there are none, one is negative or not finite, or all are 0.
  public init(weights: [Double], seed: UInt64) throws {
    try Self.check(caseCount: weights.count)
    for (index, weight) in weights.enumerated() where !(weight.isFinite && weight >= 0) {
      throw SamplerError.setting("the weight of case \(index)", weight, expected: "finite and 0 or more")
    }
    guard let largest = weights.max(), largest > 0 else {
      throw SamplerError.setting("the largest weight", 0, expected: "above 0")
    }
    self.weights = weights
    cumulative = CumulativeWeights(weights.map { $0 / largest })
    generator = SplitMix64(seed: seed)
  }

  /// The second stage of Just Train Twice (Liu et al., "Just Train Twice: Improving Group MetricDistribution without Training Group Information",
  /// ICML 2021): after a first, short training with uniform sampling, the cases it failed are drawn more often in a second training from
  /// new weights. The paper's failures are wrong classifications; here they are the cases with the largest losses.
  ///
  /// - Parameters:
  ///   - firstStageLosses: of each case, at the end of the first training.
  ///   - errorShare: the share of the cases that counts as failed, above 0 and at most 1.
  ///   - upsampling: how many times as often these are drawn, at least 1; the paper's λ.
  /// - Throws: `SamplerError` when there are no cases, a loss is not finite, or a setting is outside its range.
  public static func justTrainTwice(
    firstStageLosses: [Double], errorShare: Double, upsampling: Double, seed: UInt64
  ) throws -> StaticSampler {
    try check(caseCount: firstStageLosses.count)
    guard errorShare > 0, errorShare <= 1 else {
      throw SamplerError.setting("the error set's share", errorShare, expected: "above 0 and at most 1")
    }
    guard upsampling >= 1, upsampling.isFinite else {
      throw SamplerError.setting("the upsampling", upsampling, expected: "1 or more")
    }
    if let index = firstStageLosses.firstIndex(where: { !$0.isFinite }) {
      throw SamplerError.lossNotFinite(firstStageLosses[index], case: index)
    }
    let failed = max(1, Int((errorShare * Double(firstStageLosses.count)).rounded()))
    let bar = firstStageLosses.sorted(by: >)[failed - 1]
    return try StaticSampler(weights: firstStageLosses.map { $0 >= bar ? upsampling : 1 }, seed: seed)
  }

  private enum CodingKeys: String, CodingKey { case weights, generator }

  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    try self.init(weights: try values.decode([Double].self, forKey: .weights), seed: 0)
    generator = try values.decode(SplitMix64.self, forKey: .generator)
  }

  public var caseCount: Int { weights.count }

  public var probabilities: [Double] {
    let largest = weights.max() ?? 1
    let sum = weights.reduce(0) { $0 + $1 / largest }
    return weights.map { $0 / largest / sum }
  }

  public mutating func draw(_ count: Int) throws -> [Int] {
    guard count >= 0 else { throw SamplerError.impossibleBatch(count, caseCount: caseCount) }
    return (0..<count).map { _ in cumulative.draw(&generator) }
  }

  public func remapped(_ previousIndices: [Int?]) throws -> StaticSampler {
    var remapped = try StaticSampler(weights: Self.carried(weights, to: previousIndices), seed: 0)
    remapped.generator = generator
    return remapped
  }
}

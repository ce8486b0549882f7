/// Draws each case in proportion to a weight that is given beforehand, with replacement.
///
///     p_i = w_i / Σ_j w_j
///
/// Such weights suit groups that are known to be rare, or a fixed balance between scanners (requested in nnU-Net's
/// issue 2172). Losses are checked and discarded.
public struct StaticSampler: CaseSampler {
  /// The weight of each case, in any unit.
  public let weights: [Double]
  private let cumulative: CumulativeWeights
  private var generator: SplitMix64

  /// Creates a sampler with the given weights.
  ///
  /// - Parameters:
  ///   - weights: The weight of each case, finite and at least 0, in any unit. A case of weight 0 is never drawn.
  ///   - seed: The seed of the random generator.
  /// - Throws: ``SamplerError`` when there are no weights, one is negative or not finite, or all are 0.
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

  /// The sampler for the second stage of Just Train Twice.
  ///
  /// After a short first training with uniform sampling, a second training from new network weights draws the cases
  /// on which the first failed more often (Liu et al., "Just Train Twice: Improving Group Robustness without Training
  /// Group Information", ICML 2021). The paper's error set holds the misclassified samples; here it holds the
  /// max(1, round(share · n)) cases with the largest losses, and all cases whose loss equals the smallest of these.
  ///
  ///     w_i = λ in the error set, 1 elsewhere
  ///
  /// These can be multiplied by weights of the cases, such as 0 for those whose labels are suspect: a case of weight 0
  /// is neither drawn nor counted in the error set.
  ///
  /// - Parameters:
  ///   - firstStageLosses: The loss of each case at the end of the first training.
  ///   - errorShare: The share of the cases in the error set, above 0 and at most 1.
  ///   - upsampling: The paper's λ, at least 1: how many times as often the error set's cases are drawn.
  ///   - weights: The weight of each case, finite and at least 0; 1 for all when `nil`.
  ///   - seed: The seed of the random generator.
  /// - Throws: ``SamplerError`` when there are no cases, a loss is not finite, or a setting is out of range.
  public static func justTrainTwice(
    firstStageLosses: [Double], errorShare: Double, upsampling: Double, weights: [Double]? = nil, seed: UInt64
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
    let weights = weights ?? firstStageLosses.map { _ in 1 }
    guard weights.count == firstStageLosses.count else {
      throw SamplerError.countsDiffer(losses: firstStageLosses.count, cases: weights.count)
    }
    let counted = zip(firstStageLosses, weights).filter { $1 > 0 }.map { $0.0 }.sorted(by: >)
    let errorCount = max(1, Int((errorShare * Double(counted.count)).rounded()))
    let threshold = counted.isEmpty ? .infinity : counted[errorCount - 1]
    return try StaticSampler(
      weights: zip(firstStageLosses, weights).map { $0 >= threshold ? upsampling * $1 : $1 }, seed: seed)
  }

  private enum CodingKeys: String, CodingKey { case weights, generator }

  /// Decodes a sampler, which continues exactly where the encoded one stopped.
  ///
  /// - Throws: ``SamplerError`` when the stored state is inconsistent, or a `DecodingError`.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    try self.init(weights: try values.decode([Double].self, forKey: .weights), seed: 0)
    generator = try values.decode(SplitMix64.self, forKey: .generator)
  }

  public var caseCount: Int { weights.count }

  /// The weights divided by their sum, without overflow.
  public var probabilities: [Double] {
    let largest = weights.max() ?? 1
    let sum = weights.reduce(0) { $0 + $1 / largest }
    return weights.map { $0 / largest / sum }
  }

  /// Draws the cases of the next batch, with replacement.
  ///
  /// - Throws: ``SamplerError/impossibleBatch(_:caseCount:)`` when `count` is negative.
  public mutating func draw(_ count: Int) throws -> [Int] {
    guard count >= 0 else { throw SamplerError.impossibleBatch(count, caseCount: caseCount) }
    return (0..<count).map { _ in cumulative.draw(&generator) }
  }

  /// The sampler for a changed list of cases. New cases are rejected, because their weight is unknown.
  ///
  /// - Parameter previousIndices: For each case of the new list, its index in the old one, or `nil` for a new case.
  /// - Throws: ``SamplerError`` when the list is empty, an index does not exist or occurs twice, or a case is new.
  public func remapped(_ previousIndices: [Int?]) throws -> StaticSampler {
    var remapped = try StaticSampler(weights: Self.reordered(weights, by: previousIndices), seed: 0)
    remapped.generator = generator
    return remapped
  }
}

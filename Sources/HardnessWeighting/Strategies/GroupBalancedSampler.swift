/// Draws each group equally often, and the cases within a group equally often, with replacement.
///
/// With G groups, a case of a group of n_g cases has the probability
///
///     p_i = 1 / (G · n_g)
///
/// This is class-balanced sampling with groups instead of classes (Idrissi et al., "Simple data balancing achieves
/// competitive worst-group-accuracy", CLeaR 2022). Losses are checked and discarded.
public struct GroupBalancedSampler: CaseSampler {
  private let names: [String]
  private let groups: CaseGroups
  private var generator: SplitMix64

  /// Creates a sampler for cases with the given groups.
  ///
  /// - Parameters:
  ///   - names: The name of each case's group.
  ///   - seed: The seed of the random generator.
  /// - Throws: ``SamplerError`` when there are no cases.
  public init(groups names: [String], seed: UInt64) throws {
    self.names = names
    groups = try CaseGroups(names)
    generator = SplitMix64(seed: seed)
  }

  private enum CodingKeys: String, CodingKey { case names, generator }

  /// Decodes a sampler, which continues exactly where the encoded one stopped.
  ///
  /// - Throws: ``SamplerError`` when the stored state is inconsistent, or a `DecodingError`.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    try self.init(groups: try values.decode([String].self, forKey: .names), seed: 0)
    generator = try values.decode(SplitMix64.self, forKey: .generator)
  }

  public var caseCount: Int { names.count }

  private var groupProbabilities: [Double] {
    Array(repeating: 1 / Double(groups.members.count), count: groups.members.count)
  }

  /// 1 / (G · n_g) for each case.
  public var probabilities: [Double] { groups.caseProbabilities(groupProbabilities) }

  /// Draws the cases of the next batch, with replacement.
  ///
  /// - Throws: ``SamplerError/impossibleBatch(_:caseCount:)`` when `count` is negative.
  public mutating func draw(_ count: Int) throws -> [Int] {
    guard count >= 0 else { throw SamplerError.impossibleBatch(count, caseCount: caseCount) }
    let weights = CumulativeWeights(groupProbabilities)
    return (0..<count).map { _ in groups.draw(weights, &generator) }
  }

  /// The sampler for a changed list of cases. New cases are rejected, because their group is unknown.
  ///
  /// - Parameter previousIndices: For each case of the new list, its index in the old one, or `nil` for a new case.
  /// - Throws: ``SamplerError`` when the list is empty, an index does not exist or occurs twice, or a case is new.
  public func remapped(_ previousIndices: [Int?]) throws -> GroupBalancedSampler {
    var remapped = try GroupBalancedSampler(groups: Self.reordered(names, by: previousIndices), seed: 0)
    remapped.generator = generator
    return remapped
  }
}

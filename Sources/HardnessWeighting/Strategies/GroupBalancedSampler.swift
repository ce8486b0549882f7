/// Draws each group as often as every other, and within a group each case alike, with replacement: class-balanced sampling with groups for
/// classes (Idrissi et al., "Simple data balancing achieves competitive worst-group-accuracy", CLeaR 2022). Losses are checked and forgotten.
public struct GroupBalancedSampler: CaseSampler {
  private let names: [String]
  private let groups: CaseGroups
  private var generator: SplitMix64

  /// - Parameter groups: the group of each case.
  /// - Throws: `SamplerError.noCases` when there are none.
  public init(groups names: [String], seed: UInt64) throws {
    self.names = names
    groups = try CaseGroups(names)
    generator = SplitMix64(seed: seed)
  }

  private enum CodingKeys: String, CodingKey { case names, generator }

  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    try self.init(groups: try values.decode([String].self, forKey: .names), seed: 0)
    generator = try values.decode(SplitMix64.self, forKey: .generator)
  }

  public var caseCount: Int { names.count }
  private var groupProbabilities: [Double] {
    Array(repeating: 1 / Double(groups.members.count), count: groups.members.count)
  }
  public var probabilities: [Double] { groups.spread(groupProbabilities) }

  public mutating func draw(_ count: Int) throws -> [Int] {
    guard count >= 0 else { throw SamplerError.impossibleBatch(count, caseCount: caseCount) }
    let weights = CumulativeWeights(groupProbabilities)
    return (0..<count).map { _ in groups.draw(weights, &generator) }
  }

  public func remapped(_ previousIndices: [Int?]) throws -> GroupBalancedSampler {
    var remapped = try GroupBalancedSampler(groups: Self.carried(names, to: previousIndices), seed: 0)
    remapped.generator = generator
    return remapped
  }
}

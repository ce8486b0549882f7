/// Draws every case with the same probability, with replacement, as nnU-Net does.
///
///     p_i = 1 / n
///
/// Losses are checked and discarded.
public struct UniformSampler: CaseSampler {
  public let caseCount: Int
  private var generator: SplitMix64

  /// Creates a sampler for the given number of cases.
  ///
  /// - Throws: ``SamplerError`` when there are no cases.
  public init(caseCount: Int, seed: UInt64) throws {
    try Self.check(caseCount: caseCount)
    self.caseCount = caseCount
    generator = SplitMix64(seed: seed)
  }

  /// Decodes a sampler, which continues exactly where the encoded one stopped.
  ///
  /// - Throws: ``SamplerError`` when the stored state is inconsistent, or a `DecodingError`.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    try self.init(caseCount: try values.decode(Int.self, forKey: .caseCount), seed: 0)
    generator = try values.decode(SplitMix64.self, forKey: .generator)
  }

  /// 1 / n for each of the n cases.
  public var probabilities: [Double] { Array(repeating: 1 / Double(caseCount), count: caseCount) }

  /// 1 / n for every case.
  public func probability(of index: Int) -> Double { 1 / Double(caseCount) }

  /// Draws the cases of the next batch, with replacement.
  ///
  /// - Throws: ``SamplerError/impossibleBatch(_:caseCount:)`` when `count` is negative.
  public mutating func draw(_ count: Int) throws -> [Int] {
    guard count >= 0 else { throw SamplerError.impossibleBatch(count, caseCount: caseCount) }
    return (0..<count).map { _ in generator.index(below: caseCount) }
  }

  /// The sampler for a changed list of cases. New cases are like all others.
  ///
  /// - Parameter previousIndices: For each case of the new list, its index in the old one, or `nil` for a new case.
  /// - Throws: ``SamplerError`` when the list is empty, or an index does not exist or occurs twice.
  public func remapped(_ previousIndices: [Int?]) throws -> UniformSampler {
    try Self.check(previousIndices, caseCount: caseCount)
    var remapped = try UniformSampler(caseCount: previousIndices.count, seed: 0)
    remapped.generator = generator
    return remapped
  }
}

/// Draws every case with the same probability, with replacement, as nnU-Net does. Losses are checked and forgotten.
public struct UniformSampler: CaseSampler {
  public let caseCount: Int
  private var generator: SplitMix64

  /// - Throws: `SamplerError.noCases` when there are none.
  public init(caseCount: Int, seed: UInt64) throws {
    try Self.check(caseCount: caseCount)
    self.caseCount = caseCount
    generator = SplitMix64(seed: seed)
  }

  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    try self.init(caseCount: try values.decode(Int.self, forKey: .caseCount), seed: 0)
    generator = try values.decode(SplitMix64.self, forKey: .generator)
  }

  public var probabilities: [Double] { Array(repeating: 1 / Double(caseCount), count: caseCount) }

  public mutating func draw(_ count: Int) throws -> [Int] {
    guard count >= 0 else { throw SamplerError.impossibleBatch(count, caseCount: caseCount) }
    return (0..<count).map { _ in generator.index(below: caseCount) }
  }

  public func remapped(_ previousIndices: [Int?]) throws -> UniformSampler {
    try Self.check(previousIndices, caseCount: caseCount)
    var remapped = try UniformSampler(caseCount: previousIndices.count, seed: 0)
    remapped.generator = generator
    return remapped
  }
}

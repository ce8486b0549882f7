/// Draws every case once before any is repeated, in an order that is shuffled for each pass.
///
/// This is uniform sampling without replacement, the usual epoch of stochastic gradient descent (Bottou, "Curiously
/// fast convergence of some stochastic gradient descent algorithms", 2009). No batch contains a case twice, not even
/// where one pass ends and the next begins. Losses are checked and discarded.
public struct ShuffledSampler: CaseSampler {
  public let caseCount: Int
  private var generator: SplitMix64
  /// The cases that are left in this pass, the next one last.
  private var waiting: [UInt32] = []

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
    waiting = try values.decode([UInt32].self, forKey: .waiting)
    guard waiting.allSatisfy({ $0 < caseCount }), Set(waiting).count == waiting.count else {
      throw SamplerError.stateInconsistent
    }
  }

  /// 1 / m for each of the m cases that are left in this pass, 0 for the others.
  public var probabilities: [Double] {
    let candidates = waiting.isEmpty ? Array(0..<UInt32(caseCount)) : waiting
    var probabilities = Array(repeating: 0.0, count: caseCount)
    for index in candidates { probabilities[Int(index)] = 1 / Double(candidates.count) }
    return probabilities
  }

  /// Draws the cases of the next batch, without repeats.
  ///
  /// - Throws: ``SamplerError/impossibleBatch(_:caseCount:)`` when `count` is negative or exceeds the number of cases.
  public mutating func draw(_ count: Int) throws -> [Int] {
    guard count >= 0, count <= caseCount else { throw SamplerError.impossibleBatch(count, caseCount: caseCount) }
    var batch: [Int] = []
    while batch.count < count {
      if waiting.isEmpty {
        // Cases that are already in this batch go to the front, so that later batches draw them.
        let pass = generator.permutation(caseCount)
        let drawn = Set(batch)
        waiting = pass.filter { drawn.contains(Int($0)) } + pass.filter { !drawn.contains(Int($0)) }
      }
      if let index = waiting.popLast() { batch.append(Int(index)) }
    }
    return batch
  }

  /// The sampler for a changed list of cases. New cases join in the next pass.
  ///
  /// - Parameter previousIndices: For each case of the new list, its index in the old one, or `nil` for a new case.
  /// - Throws: ``SamplerError`` when the list is empty, or an index does not exist or occurs twice.
  public func remapped(_ previousIndices: [Int?]) throws -> ShuffledSampler {
    try Self.check(previousIndices, caseCount: caseCount)
    let newIndices = previousIndices.newIndices
    var remapped = try ShuffledSampler(caseCount: previousIndices.count, seed: 0)
    remapped.generator = generator
    remapped.waiting = waiting.compactMap { newIndices[Int($0)] }
    return remapped
  }
}

/// Draws every case once before any comes again, in an order that is shuffled for each pass: uniform sampling without replacement, the usual
/// epoch of stochastic gradient descent (Bottou, "Curiously fast convergence of some stochastic gradient descent algorithms", 2009). No case is
/// twice in a batch, also where one pass ends and the next begins.
public struct ShuffledSampler: CaseSampler {
  public let caseCount: Int
  private var generator: SplitMix64
  /// What is left of this pass, the next one last.
  private var waiting: [UInt32] = []

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
    waiting = try values.decode([UInt32].self, forKey: .waiting)
    guard waiting.allSatisfy({ $0 < caseCount }) else { throw SamplerError.stateInconsistent }
  }

  /// Each case that is left in this pass is as likely as the others.
  public var probabilities: [Double] {
    let next = waiting.isEmpty ? Array(0..<UInt32(caseCount)) : waiting
    var probabilities = Array(repeating: 0.0, count: caseCount)
    for index in next { probabilities[Int(index)] = 1 / Double(next.count) }
    return probabilities
  }

  public mutating func draw(_ count: Int) throws -> [Int] {
    guard count >= 0, count <= caseCount else { throw SamplerError.impossibleBatch(count, caseCount: caseCount) }
    var batch: [Int] = []
    while batch.count < count {
      if waiting.isEmpty {
        // Cases that are in this batch already wait at the front, for the batches after it.
        let pass = generator.permutation(caseCount)
        let taken = Set(batch)
        waiting = pass.filter { taken.contains(Int($0)) } + pass.filter { !taken.contains(Int($0)) }
      }
      if let index = waiting.popLast() { batch.append(Int(index)) }
    }
    return batch
  }

  /// New cases come in with the next pass.
  public func remapped(_ previousIndices: [Int?]) throws -> ShuffledSampler {
    try Self.check(previousIndices, caseCount: caseCount)
    let targets = previousIndices.targets
    var remapped = try ShuffledSampler(caseCount: previousIndices.count, seed: 0)
    remapped.generator = generator
    remapped.waiting = waiting.compactMap { targets[Int($0)] }
    return remapped
  }
}

/// How the probabilities of cases follow from their last losses, for strategies that look at all of them.
public protocol LossRule: Codable, Sendable, Equatable {
  /// The probability of each case.
  ///
  /// - Parameter losses: finite, at least one.
  func probabilities(_ losses: [Double]) -> [Double]

  /// - Throws: `SamplerError.setting` when a setting is outside its range.
  func validate(caseCount: Int) throws
}

/// Draws cases, with replacement, by a rule on the losses of their last visits; unseen cases come first, in seeded random order. One
/// that was drawn but whose loss is not back yet counts as of average hardness.
///
/// The rule is applied anew, in O(n log n), for the first draw after a loss was recorded.
public struct StaleLossSampler<Rule: LossRule>: CaseSampler {
  public let rule: Rule
  /// The last loss of each case; nil for a case that has none.
  public private(set) var losses: [Double?]
  private var firstVisits: UnvisitedCases
  private var generator: SplitMix64
  /// What to draw by, unless a loss has changed since.
  private var cumulative: CumulativeWeights?

  /// Starts with cases none of which has been seen.
  ///
  /// - Throws: `SamplerError` when there are no cases or a setting of the rule is outside its range.
  public init(caseCount: Int, rule: Rule, seed: UInt64) throws {
    try Self.check(caseCount: caseCount)
    try rule.validate(caseCount: caseCount)
    self.rule = rule
    losses = Array(repeating: nil, count: caseCount)
    generator = SplitMix64(seed: seed)
    firstVisits = UnvisitedCases(caseCount: caseCount, &generator)
  }

  private enum CodingKeys: String, CodingKey { case rule, losses, firstVisits, generator }

  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    let losses = try values.decode([Double?].self, forKey: .losses)
    try self.init(caseCount: losses.count, rule: try values.decode(Rule.self, forKey: .rule), seed: 0)
    self.losses = losses
    firstVisits = try values.decode(UnvisitedCases.self, forKey: .firstVisits)
    generator = try values.decode(SplitMix64.self, forKey: .generator)
    guard losses.allSatisfy({ $0?.isFinite ?? true }), firstVisits.isConsistent(caseCount: caseCount) else {
      throw SamplerError.stateInconsistent
    }
  }

  public var caseCount: Int { losses.count }

  /// By the rule; while cases are unseen, one of them comes next, and they have equal probabilities.
  public var probabilities: [Double] {
    let unseen = firstVisits.cases.filter { losses[$0] == nil }
    guard unseen.isEmpty else {
      var probabilities = Array(repeating: 0.0, count: caseCount)
      for index in unseen { probabilities[index] = 1 / Double(unseen.count) }
      return probabilities
    }
    let known = losses.compactMap { $0 }
    let mean = known.reduce(0) { $0 + $1 / Double(known.count) }
    return rule.probabilities(losses.map { $0 ?? mean })
  }

  public mutating func draw(_ count: Int) throws -> [Int] {
    guard count >= 0 else { throw SamplerError.impossibleBatch(count, caseCount: caseCount) }
    var batch: [Int] = []
    while batch.count < count, let index = firstVisits.next(isSeen: { [losses] in losses[$0] != nil }) {
      batch.append(index)
    }
    guard batch.count < count else { return batch }
    let weights = cumulative ?? CumulativeWeights(probabilities)
    cumulative = weights
    while batch.count < count { batch.append(weights.draw(&generator)) }
    return batch
  }

  @discardableResult
  public mutating func record(losses: [Double], for cases: [Int]) throws -> [Double] {
    try check(losses: losses, for: cases)
    for (index, loss) in zip(cases, losses) { self.losses[index] = loss }
    cumulative = nil
    return Array(repeating: 1, count: cases.count)
  }

  public func remapped(_ previousIndices: [Int?]) throws -> StaleLossSampler {
    try Self.check(previousIndices, caseCount: caseCount)
    var remapped = try StaleLossSampler(caseCount: previousIndices.count, rule: rule, seed: 0)
    remapped.losses = previousIndices.map { $0.flatMap { losses[$0] } }
    remapped.firstVisits = firstVisits.remapped(previousIndices)
    remapped.generator = generator
    return remapped
  }
}

extension Sequence where Element == Double {
  /// The numbers of the cases, the hardest first; of equal ones, the first first.
  func hardestFirst() -> [Int] {
    enumerated().sorted { ($1.element, $0.offset) < ($0.element, $1.offset) }.map(\.offset)
  }
}

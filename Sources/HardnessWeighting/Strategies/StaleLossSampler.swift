/// A rule that computes the probabilities of all cases from their last losses.
public protocol LossRule: Codable, Sendable, Equatable {
  /// The probability of each case.
  ///
  /// - Parameter losses: The last loss of each case, finite. Not empty.
  /// - Returns: A distribution over the cases: as many numbers of at least 0, with sum 1.
  func probabilities(_ losses: [Double]) -> [Double]

  /// Checks that every setting is in its range for the given number of cases.
  ///
  /// - Throws: ``SamplerError/setting(_:_:expected:)`` when one is not.
  func validate(caseCount: Int) throws
}

/// Draws cases, with replacement, by a rule on the losses of their last visits.
///
/// Unvisited cases come first, in seeded random order. A case that has been drawn, but whose first loss has not been
/// recorded yet, counts as having the mean loss of the others.
///
/// With an estimate, the rule is applied to estimates of the cases' present hardness instead; see
/// ``HardnessEstimator``. A share of refreshes goes to the case that has not been drawn for longest. Without either, a
/// case that a rule gives probability 0 is not seen again before another becomes easier.
///
/// The first draw after a loss was recorded applies the rule to all cases, which takes O(n log n).
public struct StaleLossSampler<Rule: LossRule>: CaseSampler {
  /// The rule that computes the probabilities.
  public let rule: Rule

  /// The last loss of each case; `nil` for a case whose loss is not known yet.
  public private(set) var losses: [Double?]
  /// The share of the draws that goes to the case not drawn for longest.
  public let refresh: Double
  private var tracker: HardnessTracker?
  /// The order in which cases were last drawn; `nil` without refreshes.
  private var recency: RecencyList?
  private var unvisited: UnvisitedCases
  private var generator: SplitMix64
  /// The current distribution; `nil` when a loss has changed since it was computed.
  private var cumulative: CumulativeWeights?

  /// Creates a sampler for cases none of which has been visited.
  ///
  /// - Parameters:
  ///   - caseCount: The number of cases.
  ///   - rule: The rule that computes the probabilities.
  ///   - estimate: The settings of the estimates that the rule is applied to; `nil` for the last losses.
  ///   - refresh: The share of the draws, in [0, 1], that goes to the case not drawn for longest.
  ///   - groups: The name of each case's group; only an estimate that pools over groups needs it.
  ///   - seed: The seed of all draws.
  /// - Throws: ``SamplerError`` when there are no cases, a setting is out of range, or groups are missing.
  public init(
    caseCount: Int, rule: Rule, estimate: HardnessEstimator.Options? = nil, refresh: Double = 0,
    groups: [String]? = nil, seed: UInt64
  ) throws {
    try Self.check(caseCount: caseCount)
    try rule.validate(caseCount: caseCount)
    guard 0...1 ~= refresh else {
      throw SamplerError.setting("the refreshed share", refresh, expected: "between 0 and 1")
    }
    self.rule = rule
    self.refresh = refresh
    tracker = try estimate.map { options in
      try options.validate()
      var tracker = HardnessTracker(caseCount: caseCount, options: options)
      if options.poolsGroups {
        guard let groups, groups.count == caseCount else { throw SamplerError.groupsUnknown }
        tracker.setGroups(try CaseGroups(groups).groupIndices)
      }
      return tracker
    }
    recency = refresh > 0 ? RecencyList(caseCount: caseCount) : nil
    losses = Array(repeating: nil, count: caseCount)
    generator = SplitMix64(seed: seed)
    unvisited = UnvisitedCases(caseCount: caseCount, &generator)
  }

  private enum CodingKeys: String, CodingKey {
    case rule, losses
    // The key under which checkpoints store the unvisited cases.
    case unvisited = "firstVisits"
    case generator, refresh, order, tracker
  }

  /// Decodes a sampler, which continues exactly where the encoded one stopped.
  ///
  /// - Throws: ``SamplerError`` when the stored state is inconsistent, or a `DecodingError`.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    let losses = try values.decode([Double?].self, forKey: .losses)
    let tracker = try values.decodeIfPresent(HardnessTracker.self, forKey: .tracker)
    // Samplers of earlier versions have no refreshes.
    try self.init(
      caseCount: losses.count, rule: try values.decode(Rule.self, forKey: .rule),
      estimate: nil, refresh: try values.decodeIfPresent(Double.self, forKey: .refresh) ?? 0, seed: 0)
    self.losses = losses
    if let tracker {
      try tracker.estimator.options.validate()
      guard tracker.isConsistent(caseCount: caseCount, options: tracker.estimator.options) else {
        throw SamplerError.stateInconsistent
      }
      self.tracker = tracker
    }
    let order = try values.decodeIfPresent([UInt32].self, forKey: .order)
    guard (order == nil) == (recency == nil) else { throw SamplerError.stateInconsistent }
    recency = try order.map { try RecencyList(stored: $0, caseCount: losses.count) }
    unvisited = try values.decode(UnvisitedCases.self, forKey: .unvisited)
    generator = try values.decode(SplitMix64.self, forKey: .generator)
    guard losses.allSatisfy({ $0?.isFinite ?? true }), unvisited.isConsistent(caseCount: caseCount) else {
      throw SamplerError.stateInconsistent
    }
  }

  /// Encodes the whole state, including the random generator.
  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encode(rule, forKey: .rule)
    try values.encode(losses, forKey: .losses)
    try values.encode(unvisited, forKey: .unvisited)
    try values.encode(generator, forKey: .generator)
    try values.encode(refresh, forKey: .refresh)
    try values.encodeIfPresent(recency?.order, forKey: .order)
    try values.encodeIfPresent(tracker, forKey: .tracker)
  }

  public var caseCount: Int { losses.count }

  /// What is known about the hardness of the cases; `nil` without estimates.
  public var estimator: HardnessEstimator? { tracker?.estimator }

  /// The distribution of the rule.
  ///
  /// While there are unvisited cases, one of them comes next: they share the probability equally.
  public var probabilities: [Double] {
    let waiting = unvisited.cases.filter { losses[$0] == nil }
    guard waiting.isEmpty else {
      var probabilities = Array(repeating: 0.0, count: caseCount)
      for index in waiting { probabilities[index] = 1 / Double(waiting.count) }
      return probabilities
    }
    if let tracker { return rule.probabilities((0..<caseCount).map(tracker.score)) }
    let known = losses.compactMap { $0 }
    let mean = known.reduce(0) { $0 + $1 / Double(known.count) }
    return rule.probabilities(losses.map { $0 ?? mean })
  }

  /// The element of ``probabilities``, to rounding; in O(1) right after a draw by the rule.
  ///
  /// After a loss was recorded, and while there are unvisited cases, it takes as long as ``probabilities``.
  public func probability(of index: Int) -> Double { cumulative?.probability(of: index) ?? probabilities[index] }

  /// Draws the cases of the next batch: unvisited cases first, the rest by the rule.
  ///
  /// - Throws: ``SamplerError/impossibleBatch(_:caseCount:)`` when `count` is negative.
  public mutating func draw(_ count: Int) throws -> [Int] {
    guard count >= 0 else { throw SamplerError.impossibleBatch(count, caseCount: caseCount) }
    var batch: [Int] = []
    while batch.count < count, let index = unvisited.next(skipping: { [losses] in losses[$0] != nil }) {
      batch.append(index)
      recency?.markDrawn(index)
      tracker?.recordDraw(of: index, ratio: 1)
    }
    guard batch.count < count else { return batch }
    let weights = cumulative ?? CumulativeWeights(probabilities)
    cumulative = weights
    while batch.count < count {
      let index = drawRefresh() ?? weights.draw(&generator)
      batch.append(index)
      recency?.markDrawn(index)
      let ratio = refresh + (1 - refresh) * Double(caseCount) * weights.probability(of: index)
      tracker?.recordDraw(of: index, ratio: ratio)
    }
    return batch
  }

  /// With probability `refresh`, the case that has not been drawn for longest.
  private mutating func drawRefresh() -> Int? {
    guard let recency, generator.uniform() < refresh else { return nil }
    return recency.oldest { _ in false }
  }

  /// Records the losses of a batch. Of a case that is in the batch more than once, the last loss counts.
  ///
  /// - Returns: A weight of 1 for every case.
  /// - Throws: ``SamplerError`` when the lengths differ, a case does not exist or a loss is not finite.
  @discardableResult
  public mutating func record(losses: [Double], for cases: [Int]) throws -> [Double] {
    try record(zip(cases, losses).map { Visit(caseIndex: $0, signal: $1) }, losses: losses, cases: cases)
  }

  /// Records the visits of a batch, with the kinds of patches where hardness is estimated.
  ///
  /// - Throws: ``SamplerError`` when a case does not exist or a signal is not finite.
  @discardableResult
  public mutating func record(_ visits: [Visit]) throws -> [Double] {
    try record(visits, losses: visits.map(\.signal), cases: visits.map(\.caseIndex))
  }

  private mutating func record(_ visits: [Visit], losses: [Double], cases: [Int]) throws -> [Double] {
    try check(losses: losses, for: cases)
    for visit in visits {
      self.losses[visit.caseIndex] = visit.signal
      tracker?.record(visit)
    }
    _ = tracker?.refitWhenDue()
    cumulative = nil
    return Array(repeating: 1, count: cases.count)
  }

  /// Takes in another measure of how hard each whole case is, from which estimates begin.
  ///
  /// - Throws: ``SamplerError`` when the number of scores differs, or one is not finite.
  public mutating func record(scores: [Double?]) throws {
    try check(scores: scores)
    tracker?.setScores(scores)
    cumulative = nil
  }

  /// The sampler for a changed list of cases. New cases are unvisited.
  ///
  /// - Parameter previousIndices: For each case of the new list, its index in the old one, or `nil` for a new case.
  /// - Throws: ``SamplerError`` when the list is empty, an index does not exist or occurs twice, or a setting of the
  ///   rule is out of range for the new number of cases.
  public func remapped(_ previousIndices: [Int?]) throws -> StaleLossSampler {
    try Self.check(previousIndices, caseCount: caseCount)
    var remapped = try StaleLossSampler(
      caseCount: previousIndices.count, rule: rule, refresh: refresh, seed: 0)
    remapped.tracker = tracker?.remapped(previousIndices)
    remapped.recency = recency?.remapped(previousIndices)
    remapped.losses = previousIndices.map { $0.flatMap { losses[$0] } }
    remapped.unvisited = unvisited.remapped(previousIndices)
    remapped.generator = generator
    return remapped
  }
}

extension Sequence where Element == Double {
  /// The indices of the losses in falling order; equal losses keep their order.
  func hardestFirst() -> [Int] {
    enumerated().sorted { ($1.element, $0.offset) < ($0.element, $1.offset) }.map(\.offset)
  }
}

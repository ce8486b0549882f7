/// Draws groups by exponentiated gradient ascent on their losses (Sagawa et al., "Distributionally Robust Neural Networks for Group Shifts",
/// ICLR 2020): after every batch the probability of each group is multiplied by exp(step size · (loss + C/√n_g)), n_g its number of cases,
/// and scaled to sum to 1; within a group each case is as likely as the others.
///
/// The paper multiplies the losses of uniformly drawn samples by these probabilities; here they are what is drawn by. A group's loss is its
/// moving average over the batches it was in, so that groups that were not drawn keep their place in the ascent.
public struct GroupDROSampler: CaseSampler {
  /// How fast the groups' probabilities follow their losses; the authors' code has 0.01.
  public let stepSize: Double
  /// C of the adjustment for small groups, whose losses on new cases are larger than on those trained on; 0 has none.
  public let adjustment: Double
  /// What a batch counts in a group's moving average; the authors' code has 0.1.
  private static let averaging = 0.1

  private let names: [String]
  private let groups: CaseGroups
  private var generator: SplitMix64
  /// The moving average of each group's loss; nil before it was seen.
  private var losses: [Double?]
  /// Logarithms of the groups' probabilities but for a constant; the largest is 0.
  private var logits: [Double]

  /// - Parameter groups: the group of each case.
  /// - Throws: `SamplerError` when there are no cases or a setting is negative or not finite.
  public init(groups names: [String], stepSize: Double = 0.01, adjustment: Double = 0, seed: UInt64) throws {
    for (name, value) in [("the step size", stepSize), ("the adjustment", adjustment)] {
      guard value.isFinite, value >= 0 else { throw SamplerError.setting(name, value, expected: "0 or more") }
    }
    self.names = names
    self.stepSize = stepSize
    self.adjustment = adjustment
    groups = try CaseGroups(names)
    generator = SplitMix64(seed: seed)
    losses = Array(repeating: nil, count: groups.members.count)
    logits = Array(repeating: 0, count: groups.members.count)
  }

  private enum CodingKeys: String, CodingKey { case names, stepSize, adjustment, generator, losses, logits }

  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    try self.init(
      groups: try values.decode([String].self, forKey: .names),
      stepSize: try values.decode(Double.self, forKey: .stepSize),
      adjustment: try values.decode(Double.self, forKey: .adjustment), seed: 0)
    generator = try values.decode(SplitMix64.self, forKey: .generator)
    losses = try values.decode([Double?].self, forKey: .losses)
    logits = try values.decode([Double].self, forKey: .logits)
    guard losses.count == groups.members.count, logits.count == groups.members.count,
      logits.allSatisfy({ $0.isFinite && $0 <= 0 })
    else { throw SamplerError.stateInconsistent }
  }

  public var caseCount: Int { names.count }

  private var groupProbabilities: [Double] {
    let weights = logits.map(exponential)
    let sum = weights.reduce(0, +)
    return weights.map { $0 / sum }
  }

  public var probabilities: [Double] { groups.spread(groupProbabilities) }

  public mutating func draw(_ count: Int) throws -> [Int] {
    guard count >= 0 else { throw SamplerError.impossibleBatch(count, caseCount: caseCount) }
    let weights = CumulativeWeights(groupProbabilities)
    return (0..<count).map { _ in groups.draw(weights, &generator) }
  }

  @discardableResult
  public mutating func record(losses: [Double], for cases: [Int]) throws -> [Double] {
    try check(losses: losses, for: cases)
    let weights = Array(repeating: 1.0, count: cases.count)
    guard !cases.isEmpty else { return weights }
    var batch: [Int: [Double]] = [:]
    for (index, loss) in zip(cases, losses) { batch[groups.numbers[index], default: []].append(loss) }
    for (group, losses) in batch {
      let mean = losses.reduce(0) { $0 + $1 / Double(losses.count) }
      self.losses[group] = self.losses[group].map { (1 - Self.averaging) * $0 + Self.averaging * mean } ?? mean
    }
    // A group not seen yet is taken to be as hard as the hardest.
    let hardest = self.losses.compactMap { $0 }.max() ?? 0
    for group in logits.indices {
      let size = Double(groups.members[group].count)
      logits[group] += stepSize * ((self.losses[group] ?? hardest) + adjustment / size.squareRoot())
    }
    let largest = logits.max() ?? 0
    // Bounded, so that a group out of favor can return, and no difference overflows.
    for group in logits.indices { logits[group] = max(-700, logits[group] - largest) }
    return weights
  }

  public func remapped(_ previousIndices: [Int?]) throws -> GroupDROSampler {
    let names = try Self.carried(self.names, to: previousIndices)
    guard Set(names) == Set(self.names) else { throw SamplerError.stateInconsistent }
    var remapped = try GroupDROSampler(groups: names, stepSize: stepSize, adjustment: adjustment, seed: 0)
    remapped.generator = generator
    remapped.losses = losses
    remapped.logits = logits
    return remapped
  }
}

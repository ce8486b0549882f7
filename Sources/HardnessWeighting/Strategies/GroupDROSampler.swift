/// Draws groups by exponentiated gradient ascent on their losses.
///
/// After every batch, the probability q_g of each group is updated with its loss L_g and its number of cases n_g
/// (Sagawa et al., "Distributionally Robust Neural Networks for Group Shifts", ICLR 2020):
///
///     q_g ← q_g · exp(η · (L_g + C / √n_g)),  then divided by their sum
///     p_i = q_g / n_g  for each case i of group g
///
/// The paper multiplies the losses of uniformly drawn samples by q_g; this sampler draws with these probabilities
/// instead. L_g is a moving average over the batches that contain the group, `L_g ← 0.9 · L_g + 0.1 · mean`, so that
/// groups that are not drawn keep their loss. A group that has not been visited yet counts as hard as the hardest.
public struct GroupDROSampler: CaseSampler {
  /// The step size η, at least 0; the authors' code uses 0.01.
  public let stepSize: Double

  /// The constant C of the generalization adjustment, at least 0; 0 turns it off.
  ///
  /// It favors small groups, whose losses on new cases exceed those on training cases most.
  public let adjustment: Double

  /// The share of a batch in the moving average of a group's loss, as in the authors' code.
  private static let averaging = 0.1

  /// The name of each case's group.
  public let names: [String]
  private let groups: CaseGroups
  private var generator: SplitMix64
  /// The moving average of each group's loss; `nil` before its first visit.
  private var losses: [Double?]
  /// log q_g up to a constant: the largest is 0.
  private var logits: [Double]

  /// Creates a sampler that starts with equally likely groups.
  ///
  /// - Parameters:
  ///   - names: The name of each case's group.
  ///   - stepSize: The step size η.
  ///   - adjustment: The constant C of the generalization adjustment.
  ///   - seed: The seed of the random generator.
  /// - Throws: ``SamplerError`` when there are no cases, or a setting is negative or not finite.
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

  /// Decodes a sampler, which continues exactly where the encoded one stopped.
  ///
  /// - Throws: ``SamplerError`` when the stored state is inconsistent, or a `DecodingError`.
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
      losses.allSatisfy({ $0?.isFinite ?? true }), logits.allSatisfy({ $0.isFinite && $0 <= 0 })
    else { throw SamplerError.stateInconsistent }
  }

  public var caseCount: Int { names.count }

  /// The probability q_g of each group, by its name.
  public var groupProbabilities: [String: Double] {
    let probabilities = probabilitiesInOrder
    return Dictionary(zip(names, groups.groupIndices).map { ($0, probabilities[$1]) }) { first, _ in first }
  }

  /// The probability of each group, in the order of its members.
  private var probabilitiesInOrder: [Double] {
    let weights = logits.map(exponential)
    let sum = weights.reduce(0, +)
    return weights.map { $0 / sum }
  }

  /// q_g / n_g for each case.
  public var probabilities: [Double] { groups.caseProbabilities(probabilitiesInOrder) }

  /// Draws the cases of the next batch, with replacement.
  ///
  /// - Throws: ``SamplerError/impossibleBatch(_:caseCount:)`` when `count` is negative.
  public mutating func draw(_ count: Int) throws -> [Int] {
    guard count >= 0 else { throw SamplerError.impossibleBatch(count, caseCount: caseCount) }
    let weights = CumulativeWeights(probabilitiesInOrder)
    return (0..<count).map { _ in groups.draw(weights, &generator) }
  }

  /// Updates the losses and probabilities of the groups.
  ///
  /// - Returns: A weight of 1 for every case.
  /// - Throws: ``SamplerError`` when the lengths differ, a case does not exist or a loss is not finite.
  @discardableResult
  public mutating func record(losses: [Double], for cases: [Int]) throws -> [Double] {
    try check(losses: losses, for: cases)
    let weights = Array(repeating: 1.0, count: cases.count)
    guard !cases.isEmpty else { return weights }
    var batch: [Int: [Double]] = [:]
    for (index, loss) in zip(cases, losses) { batch[groups.groupIndices[index], default: []].append(loss) }
    for (group, losses) in batch {
      let mean = losses.reduce(0) { $0 + $1 / Double(losses.count) }
      self.losses[group] = self.losses[group].map { (1 - Self.averaging) * $0 + Self.averaging * mean } ?? mean
    }
    // An unvisited group counts as hard as the hardest.
    let hardest = self.losses.compactMap { $0 }.max() ?? 0
    for group in logits.indices {
      let size = Double(groups.members[group].count)
      logits[group] += stepSize * ((self.losses[group] ?? hardest) + adjustment / size.squareRoot())
    }
    let largest = logits.max() ?? 0
    // Bounded from below, so that no difference overflows and every group can come back.
    for group in logits.indices { logits[group] = max(-700, logits[group] - largest) }
    return weights
  }

  /// The sampler for a changed list of cases, all of them known and from the same groups.
  ///
  /// - Parameter previousIndices: For each case of the new list, its index in the old one, or `nil` for a new case.
  /// - Throws: ``SamplerError`` when the list is empty, an index does not exist or occurs twice, a case is new, or a
  ///   group has lost all its cases.
  public func remapped(_ previousIndices: [Int?]) throws -> GroupDROSampler {
    let names = try Self.reordered(self.names, by: previousIndices)
    guard Set(names) == Set(self.names) else { throw SamplerError.stateInconsistent }
    var remapped = try GroupDROSampler(groups: names, stepSize: stepSize, adjustment: adjustment, seed: 0)
    remapped.generator = generator
    remapped.losses = losses
    remapped.logits = logits
    return remapped
  }
}

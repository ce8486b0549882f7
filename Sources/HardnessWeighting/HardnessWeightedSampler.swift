import Foundation

/// Draws cases with probabilities softmax(β · loss), so that hard cases are seen more often (Fidon et al., "Distributionally Robust
/// Deep Learning using Hardness Weighted Sampling", MELBA 2022).
///
/// The loss of a case is the one it had when it was last trained on. β = 0 draws uniformly, and the larger β, the more the
/// worst case is favoured. A case not seen yet has the initial loss, which should exceed every loss that can occur: then the
/// first draws go through all cases once.
public struct HardnessWeightedSampler: CaseSampler {
  /// How strongly hard cases are favoured; at least 0.
  public let beta: Double
  /// How much of a case's old loss is kept when a new one comes in, in [0, 1). 0 replaces it.
  public let momentum: Double
  /// The least probability of a case as a share of the uniform one, in [0, 1]; 0 sets no floor.
  public let floor: Double
  /// Whether a batch may hold a case more than once. Without replacement no case takes more than one place of a batch.
  public let replacement: Bool
  /// The last known loss of each case.
  public private(set) var losses: [Double]
  private var generator: SplitMix64

  /// Starts with cases none of which has been seen.
  ///
  /// - Parameters:
  ///   - initialLoss: what a case is taken to lose before it has been seen.
  ///   - initialNoise: standard deviation of the normal noise on the initial losses, as a share of `initialLoss`; it settles
  ///     which of the unseen cases comes first.
  ///   - floor: the published sampler's 1e-4.
  /// - Throws: `SamplerError` when there are no cases or a setting is outside its range.
  public init(
    caseCount: Int, beta: Double = 100, initialLoss: Double = 2, initialNoise: Double = 0.001, momentum: Double = 0,
    floor: Double = 1e-4, replacement: Bool = false, seed: UInt64
  ) throws {
    guard caseCount > 0 else { throw SamplerError.noCases }
    guard initialLoss.isFinite else { throw SamplerError.setting("the initial loss", initialLoss, expected: "finite") }
    guard initialNoise.isFinite, initialNoise >= 0 else {
      throw SamplerError.setting("the initial noise", initialNoise, expected: "0 or more")
    }
    var generator = SplitMix64(seed: seed)
    let losses = (0..<caseCount).map { _ in initialLoss + abs(initialLoss) * initialNoise * generator.normal() }
    try self.init(losses: losses, beta: beta, momentum: momentum, floor: floor, replacement: replacement, seed: seed)
    self.generator = generator
  }

  /// Starts with cases whose losses are known.
  ///
  /// - Throws: `SamplerError` when there are no cases, a loss is not finite or a setting is outside its range.
  public init(
    losses: [Double], beta: Double = 100, momentum: Double = 0, floor: Double = 1e-4, replacement: Bool = false,
    seed: UInt64
  ) throws {
    self.init(
      unchecked: losses, beta: beta, momentum: momentum, floor: floor, replacement: replacement,
      generator: SplitMix64(seed: seed))
    try validate()
  }

  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      unchecked: try values.decode([Double].self, forKey: .losses),
      beta: try values.decode(Double.self, forKey: .beta),
      momentum: try values.decode(Double.self, forKey: .momentum),
      floor: try values.decode(Double.self, forKey: .floor),
      replacement: try values.decode(Bool.self, forKey: .replacement),
      generator: try values.decode(SplitMix64.self, forKey: .generator))
    try validate()
  }

  private init(
    unchecked losses: [Double], beta: Double, momentum: Double, floor: Double, replacement: Bool, generator: SplitMix64
  ) {
    self.losses = losses
    self.beta = beta
    self.momentum = momentum
    self.floor = floor
    self.replacement = replacement
    self.generator = generator
  }

  private func validate() throws {
    guard !losses.isEmpty else { throw SamplerError.noCases }
    guard beta.isFinite, beta >= 0 else { throw SamplerError.setting("beta", beta, expected: "0 or more") }
    guard momentum >= 0, momentum < 1 else {
      throw SamplerError.setting("the momentum", momentum, expected: "at least 0 and less than 1")
    }
    guard floor >= 0, floor <= 1 else { throw SamplerError.setting("the floor", floor, expected: "between 0 and 1") }
    try check(losses: losses, for: Array(losses.indices))
  }

  public var caseCount: Int { losses.count }

  /// softmax(β · loss), each raised to at least `floor / caseCount`, and then scaled to sum to 1.
  public var probabilities: [Double] {
    let softmax = Self.normalised(weights(of: Array(losses.indices)))
    guard floor > 0 else { return softmax }
    let least = floor / Double(caseCount)
    return Self.normalised(softmax.map { max($0, least) })
  }

  public mutating func draw(_ count: Int) throws -> [Int] {
    guard count >= 0, replacement || count <= caseCount else {
      throw SamplerError.impossibleBatch(count, caseCount: caseCount)
    }
    let probabilities = probabilities
    if replacement { return (0..<count).map { _ in pick(probabilities) } }
    var rest = Array(losses.indices)
    return (0..<count).map { _ in
      // Without a floor the softmax of what is left is taken anew: the probabilities of all but the hardest cases may have
      // vanished beside those already drawn.
      let position = pick(floor > 0 ? rest.map { probabilities[$0] } : weights(of: rest))
      return rest.remove(at: position)
    }
  }

  /// Keeps each case's loss, mixed with the old one by `momentum`. A case that is in the batch more than once counts with the
  /// mean of its losses.
  public mutating func record(losses: [Double], for cases: [Int]) throws {
    try check(losses: losses, for: cases)
    var visits: [Int: Double] = [:]
    for index in cases { visits[index, default: 0] += 1 }
    for index in visits.keys { self.losses[index] *= momentum }
    // Divided before they are added up, so that no sum overflows.
    for (index, loss) in zip(cases, losses) { self.losses[index] += (1 - momentum) * loss / visits[index, default: 1] }
  }

  /// How much more (above 1) or less likely a case is with its new loss than with the stale one it was drawn by:
  /// exp(β · (1 − momentum) · (new loss − stale loss)), without the softmax's normalisation. To be asked for before `record`.
  ///
  /// - Parameter range: what the weights are clipped to; the paper's experiments used 0.1 to 10. `nil` does not clip.
  /// - Throws: `SamplerError` as `record` does.
  public func importanceWeights(
    losses: [Double], for cases: [Int], clippedTo range: ClosedRange<Double>? = 0.1...10
  ) throws -> [Double] {
    try check(losses: losses, for: cases)
    return zip(losses, cases).map { loss, index in
      let weight = beta == 0 ? 1 : exp(beta * (1 - momentum) * (loss - self.losses[index]))
      return range.map { min(max(weight, $0.lowerBound), $0.upperBound) } ?? weight
    }
  }

  /// exp(β · (loss − the largest loss)) of some cases: proportional to their softmax, at least one of them 1, none overflowing.
  private func weights(of cases: [Int]) -> [Double] {
    guard beta > 0 else { return Array(repeating: 1, count: cases.count) }
    let largest = cases.reduce(-Double.infinity) { max($0, losses[$1]) }
    return cases.map { exp(beta * (losses[$0] - largest)) }
  }

  /// A position drawn with probabilities proportional to `weights`, of which at least one is positive.
  private mutating func pick(_ weights: [Double]) -> Int {
    let target = generator.uniform() * weights.reduce(0, +)
    var sum = 0.0
    for (position, weight) in weights.enumerated() {
      sum += weight
      if target < sum { return position }
    }
    // Rounding can leave the target at the sum itself.
    return weights.lastIndex { $0 > 0 } ?? weights.count - 1
  }

  private static func normalised(_ weights: [Double]) -> [Double] {
    let sum = weights.reduce(0, +)
    return weights.map { $0 / sum }
  }
}

/// Draws cases with probabilities softmax(β · loss), so that hard cases are seen more often (Fidon et al., "Distributionally Robust
/// Deep Learning using Hardness Weighted Sampling", MELBA 2022): stochastic gradient descent then minimizes
/// (1/β) log mean exp(β · loss), the robust risk with a Kullback–Leibler penalty, instead of the mean loss.
///
/// The loss of a case is the one known from its last visits. Its weights are held in a tree: a draw and an update take O(log n), and are
/// exact whatever the size of β · loss. An unseen case comes before all seen ones; one that was drawn but whose loss is not back yet
/// counts as of average hardness.
///
/// Memory: about 10 bytes a case, 4 more until all have been visited; for options that cost more see `HardnessOptions`.
public struct HardnessWeightedSampler: CaseSampler {
  public let options: HardnessOptions
  var tree: LogSumExpTree
  var generator: SplitMix64
  var firstVisits: UnvisitedCases
  /// Cases that have been drawn, but none of whose losses has come back.
  var pending: Set<Int> = []
  /// Visits of each case; empty unless the running mean needs them.
  var visits: [UInt32]
  /// Nil unless a share is refreshed.
  var recency: RecencyList?
  var epoch = 0
  /// Mean and number of all losses recorded.
  var meanLoss = 0.0
  var lossCount = 0
  /// How often a recorded loss exceeded the constant initial loss: then cases already seen outrank unseen ones, and the first sweep
  /// is not one. Always 0 with explicit first visits.
  public internal(set) var lossesAboveInitial = 0

  /// Starts with cases none of which has been seen.
  ///
  /// - Throws: `SamplerError` when there are no cases or an option is outside its range.
  public init(caseCount: Int, options: HardnessOptions, seed: UInt64) throws {
    try Self.check(caseCount: caseCount)
    try options.validate(caseCount: caseCount)
    var generator = SplitMix64(seed: seed)
    switch options.firstVisits {
    case .explicit:
      let visits = UnvisitedCases(caseCount: caseCount, &generator)
      self.init(
        Array(repeating: -.infinity, count: caseCount), options: options, firstVisits: visits, generator: generator)
    case .initialLoss(let loss, let noise):
      let losses = (0..<caseCount).map { _ in loss + abs(loss) * noise * generator.normal() }
      self.init(losses, options: options, firstVisits: UnvisitedCases(), generator: generator)
    }
  }

  /// Starts with cases whose losses are known, one visit each.
  ///
  /// - Throws: `SamplerError` when there are no cases, a loss is not finite or an option is outside its range.
  public init(losses: [Double], options: HardnessOptions, seed: UInt64) throws {
    try Self.check(caseCount: losses.count)
    try options.validate(caseCount: losses.count)
    if let index = losses.firstIndex(where: { !$0.isFinite }) {
      throw SamplerError.lossNotFinite(losses[index], case: index)
    }
    self.init(losses, options: options, firstVisits: UnvisitedCases(), generator: SplitMix64(seed: seed))
    for index in visits.indices { visits[index] = 1 }
  }

  /// - Parameter losses: −∞ for cases not seen.
  private init(_ losses: [Double], options: HardnessOptions, firstVisits: UnvisitedCases, generator: SplitMix64) {
    self.options = options
    self.firstVisits = firstVisits
    self.generator = generator
    tree = LogSumExpTree(losses, beta: 0)
    visits = if case .runningMean = options.memory { Array(repeating: 0, count: losses.count) } else { [] }
    recency = options.refresh > 0 ? RecencyList((0..<UInt32(losses.count)).map { $0 }) : nil
    followRamp()
  }

  public var caseCount: Int { tree.count }
  public var beta: Double? { tree.beta }

  public var warning: String? {
    guard lossesAboveInitial > 0, case .initialLoss(let initial, _) = options.firstVisits else { return nil }
    return
      "A loss exceeded the initial loss of \(initial): seen cases can come before unseen ones. Raise it, or leave it out for "
      + "explicit first visits."
  }

  /// The last known loss of each case by the options' memory; nil for a case whose loss is not known yet.
  public var losses: [Double?] { (0..<caseCount).map(loss) }

  /// The last known loss of a case; nil when it is not known yet.
  func loss(_ index: Int) -> Double? { tree.contains(index) && !pending.contains(index) ? tree.loss(index) : nil }

  public mutating func beginEpoch(_ epoch: Int) {
    self.epoch = epoch
    followRamp()
  }

  /// How far the ramp has risen, from 0 to 1.
  var ramp: Double { epoch < options.rampEpochs ? Double(epoch) / Double(options.rampEpochs) : 1 }

  /// Sets β to what the epoch wants; one that follows the losses is calibrated before the next draw.
  private mutating func followRamp() {
    if ramp == 0 {
      tree.setBeta(0)
    } else if case .fixed(let beta) = options.beta {
      tree.setBeta(ramp * beta)
    }
  }

  /// Keeps each case's loss by the options' memory. A case that is in the batch more than once counts with the mean of its losses.
  @discardableResult
  public mutating func record(losses: [Double], for cases: [Int]) throws -> [Double] {
    try check(losses: losses, for: cases)
    let weights = try batchWeights(losses: losses, for: cases)
    var visited: [Int: Int] = [:]
    for index in cases { visited[index, default: 0] += 1 }
    // Divided before they are added up, so that no sum overflows.
    var means: [Int: Double] = [:]
    for (index, loss) in zip(cases, losses) { means[index, default: 0] += loss / Double(visited[index] ?? 1) }
    for (index, loss) in means {
      tree.set(remembered(loss, at: index), at: index)
      if !visits.isEmpty { visits[index] &+= 1 }
      pending.remove(index)
    }
    for loss in losses { note(loss) }
    return weights
  }

  /// What a case's loss becomes with a new one.
  func remembered(_ loss: Double, at index: Int) -> Double {
    guard let old = self.loss(index) else { return loss }
    let share = newShare(index)
    return (1 - share) * old + share * loss
  }

  /// How much a new loss of a case counts, beside the known one.
  func newShare(_ index: Int) -> Double {
    switch options.memory {
    case .momentum(let kept): 1 - kept
    case .runningMean(let decay): (1 - decay) / (1 - power(decay, Double(visits[index]) + 1))
    }
  }

  private mutating func note(_ loss: Double) {
    if case .initialLoss(let initial, _) = options.firstVisits, loss > initial { lossesAboveInitial += 1 }
    lossCount += 1
    meanLoss += loss / Double(lossCount) - meanLoss / Double(lossCount)
  }
}

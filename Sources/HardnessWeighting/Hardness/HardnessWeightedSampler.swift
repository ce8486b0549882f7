/// Draws cases with probabilities softmax(β · loss), so that hard cases come up more often.
///
/// Stochastic gradient descent on these draws minimizes the robust risk
///
///     (1/β) · log( (1/n) Σ_i exp(β · loss_i) )
///
/// instead of the mean loss. It is the worst expected loss over all reweightings of the n cases, with a
/// Kullback–Leibler penalty on their distance from the uniform one (Fidon et al., "Distributionally Robust Deep
/// Learning using Hardness Weighted Sampling", MELBA 2022).
///
/// The loss of a case is the one known from its last visits. Unvisited cases come before all others. A case that
/// has been drawn, but whose first loss has not been recorded yet, counts as having the mean loss.
///
/// The weights are kept in a tree. A draw and an update take O(log n), and probabilities are exact however large
/// β · loss is. The tree takes about 10 bytes per case, and 4 more until all cases have been drawn;
/// <doc:WhatOptionsCost> lists what the options add.
public struct HardnessWeightedSampler: CaseSampler {
  /// The settings, which stay the same for the life of the sampler.
  public let options: HardnessOptions
  var tree: LogSumExpTree
  var generator: SplitMix64
  var unvisited: UnvisitedCases
  /// Cases that have been drawn, but none of whose losses has been recorded yet.
  var pending: Set<Int> = []
  /// The number of visits of each case; empty unless the running mean needs it.
  var visits: [UInt32]
  /// What is known about the hardness of each case; `nil` unless the options ask for estimates. The tree holds scores.
  var tracker: HardnessTracker?
  /// What was known at the draws whose visits have not been recorded; empty without importance weights.
  var draws = DrawQueue<ImportanceDraw>()
  /// The name of each case's group, where the options ask for groups.
  var groupNames: [String]?
  /// The cases of each group; `nil` unless groups are guaranteed a share.
  var groupTrees: GroupTrees?
  /// The order in which cases were last drawn; `nil` without refreshes.
  var recency: RecencyList?
  var epoch = 0
  /// The mean and the number of all recorded losses.
  var meanLoss = 0.0
  var lossCount = 0

  /// The number of recorded losses that exceeded the constant initial loss.
  ///
  /// Above 0, visited cases can outrank unvisited ones, so that the first sweep may repeat cases before it has
  /// reached all. Always 0 with ``HardnessOptions/FirstVisits-swift.enum/explicit``.
  public internal(set) var lossesAboveInitial = 0

  /// Creates a sampler for cases none of which has been visited.
  ///
  /// - Parameters:
  ///   - caseCount: The number of cases.
  ///   - options: The settings.
  ///   - groups: The name of each case's group; only settings for groups need it.
  ///   - seed: The seed of all draws.
  /// - Throws: ``SamplerError`` when there are no cases, an option is out of range, or groups are missing.
  public init(caseCount: Int, options: HardnessOptions, groups: [String]? = nil, seed: UInt64) throws {
    try Self.check(caseCount: caseCount)
    try options.validate(caseCount: caseCount)
    var generator = SplitMix64(seed: seed)
    switch options.firstVisits {
    case .explicit:
      let unvisited = UnvisitedCases(caseCount: caseCount, &generator)
      self.init(
        Array(repeating: -.infinity, count: caseCount), options: options, unvisited: unvisited, generator: generator)
      try follow(groups)
    case .initialLoss(let loss, let noise):
      let losses = (0..<caseCount).map { _ in loss + abs(loss) * noise * generator.normal() }
      self.init(losses, options: options, unvisited: UnvisitedCases(), generator: generator)
      try follow(groups)
    }
  }

  /// Creates a sampler for cases with known losses, each of which counts as one visit.
  ///
  /// - Throws: ``SamplerError`` when there are no cases, a loss is not finite or an option is out of range.
  public init(losses: [Double], options: HardnessOptions, groups: [String]? = nil, seed: UInt64) throws {
    try Self.check(caseCount: losses.count)
    try options.validate(caseCount: losses.count)
    if let index = losses.firstIndex(where: { !$0.isFinite }) {
      throw SamplerError.lossNotFinite(losses[index], case: index)
    }
    self.init(losses, options: options, unvisited: UnvisitedCases(), generator: SplitMix64(seed: seed))
    try follow(groups)
    for index in visits.indices { visits[index] = 1 }
    if tracker != nil { _ = recordEstimates(losses.indices.map { Visit(caseIndex: $0, signal: losses[$0]) }) }
  }

  /// - Parameter losses: The loss of each case; −∞ for unvisited cases.
  private init(_ losses: [Double], options: HardnessOptions, unvisited: UnvisitedCases, generator: SplitMix64) {
    self.options = options
    self.unvisited = unvisited
    self.generator = generator
    tree = LogSumExpTree(losses, beta: 0)
    visits = if case .runningMean = options.memory { Array(repeating: 0, count: losses.count) } else { [] }
    tracker =
      if case .estimate(let options) = options.memory {
        HardnessTracker(caseCount: losses.count, options: options)
      } else { nil }
    recency = options.refresh > 0 ? RecencyList(caseCount: losses.count) : nil
    followRamp()
  }

  /// Takes in the groups of the cases, where the options need them.
  mutating func follow(_ groups: [String]?) throws {
    guard options.needsGroups else { return }
    guard let groups, groups.count == caseCount else { throw SamplerError.groupsUnknown }
    groupNames = groups
    groupTrees = try options.groupShare.map { try GroupTrees(groups, share: $0, tree: tree) }
    if case .estimate(let estimate) = options.memory, estimate.poolsGroups {
      tracker?.setGroups(try CaseGroups(groups).groupIndices)
    }
  }

  public var caseCount: Int { tree.count }

  /// What is known about the hardness of the cases; `nil` unless the options ask for estimates.
  public var estimator: HardnessEstimator? { tracker?.estimator }

  /// The current β: the fixed or calibrated value, reduced during the ramp.
  public var beta: Double? { tree.beta }

  /// Reports losses above the constant initial loss; see ``lossesAboveInitial``.
  public var warning: String? {
    guard lossesAboveInitial > 0, case .initialLoss(let initial, _) = options.firstVisits else { return nil }
    return
      "A loss exceeded the initial loss of \(initial), so visited cases can come before unvisited ones. Raise it, or "
      + "leave it out for explicit first visits."
  }

  /// The hardness of each case: its losses combined by ``HardnessOptions/memory``.
  ///
  /// `nil` for a case whose loss is not known yet.
  public var losses: [Double?] { (0..<caseCount).map(loss) }

  /// The hardness of a case; `nil` when its loss is not known yet.
  func loss(_ index: Int) -> Double? { tree.contains(index) && !pending.contains(index) ? tree.loss(index) : nil }

  /// Sets β for an epoch of the ramp. Epochs are numbered from 0.
  public mutating func beginEpoch(_ epoch: Int) {
    self.epoch = epoch
    followRamp()
  }

  /// How far the ramp has risen, from 0 to 1.
  var ramp: Double { epoch < options.rampEpochs ? Double(epoch) / Double(options.rampEpochs) : 1 }

  /// Sets β for the current epoch. A calibrated β is adapted before the next draw instead.
  private mutating func followRamp() {
    if ramp == 0 {
      setBeta(0)
    } else if case .fixed(let beta) = options.beta {
      setBeta(ramp * beta)
    }
  }

  /// Changes β in O(n).
  mutating func setBeta(_ beta: Double) {
    tree.setBeta(beta)
    groupTrees?.rebuild(from: tree)
  }

  /// Changes what a case is drawn by.
  mutating func setScore(_ score: Double, of index: Int) {
    tree.set(score, at: index)
    groupTrees?.set(score, at: index)
  }

  /// Records the losses of a batch and returns the importance weights that the options ask for.
  ///
  /// The losses of a case that is in the batch more than once count with their mean.
  ///
  /// - Returns: The weight for the loss of each case, computed with what was known when it was drawn.
  /// - Throws: ``SamplerError`` when the lengths differ, a case does not exist or a loss is not finite.
  @discardableResult
  public mutating func record(losses: [Double], for cases: [Int]) throws -> [Double] {
    try check(losses: losses, for: cases)
    if tracker != nil { return recordEstimates(zip(cases, losses).map { Visit(caseIndex: $0, signal: $1) }) }
    let weights = try batchWeights(losses: losses, for: cases)
    if options.importance != .none { for index in cases { _ = draws.removeFirst(of: index) } }
    var occurrences: [Int: Int] = [:]
    for index in cases { occurrences[index, default: 0] += 1 }
    // Losses are divided before they are added, so that no sum overflows.
    var means: [Int: Double] = [:]
    for (index, loss) in zip(cases, losses) { means[index, default: 0] += loss / Double(occurrences[index] ?? 1) }
    for (index, loss) in means {
      setScore(updatedLoss(of: index, with: loss), of: index)
      if !visits.isEmpty { visits[index] &+= 1 }
      pending.remove(index)
    }
    for loss in losses { updateMeanLoss(with: loss) }
    return weights
  }

  /// Records the visits of a batch, with the kinds of patches where hardness is estimated.
  ///
  /// - Throws: ``SamplerError`` when a case does not exist or a signal is not finite.
  @discardableResult
  public mutating func record(_ visits: [Visit]) throws -> [Double] {
    let (signals, cases) = (visits.map(\.signal), visits.map(\.caseIndex))
    guard tracker != nil else { return try record(losses: signals, for: cases) }
    try check(losses: signals, for: cases)
    return recordEstimates(visits)
  }

  /// Takes visits into the estimates, and the new scores into the tree.
  private mutating func recordEstimates(_ visits: [Visit]) -> [Double] {
    for visit in visits {
      tracker?.record(visit)
      if let tracker { setScore(tracker.score(of: visit.caseIndex), of: visit.caseIndex) }
      pending.remove(visit.caseIndex)
    }
    if tracker?.refitWhenDue() == true { takeOverScores() }
    return Array(repeating: 1, count: visits.count)
  }

  /// Takes all scores of the estimates into the tree, in O(n).
  private mutating func takeOverScores() {
    guard let tracker else { return }
    let scores = (0..<caseCount).map { tree.contains($0) ? tracker.score(of: $0) : -.infinity }
    tree = LogSumExpTree(scores, beta: tree.beta)
    groupTrees?.rebuild(from: tree)
  }

  /// Takes in another measure of how hard each whole case is; see ``CaseSampler/record(scores:)``.
  ///
  /// Estimates of hardness begin from it, as far as it has predicted what visits have shown. Other memories pass
  /// over it.
  ///
  /// - Throws: ``SamplerError`` when the number of scores differs, or one is not finite.
  public mutating func record(scores: [Double?]) throws {
    try check(scores: scores)
    tracker?.setScores(scores)
    takeOverScores()
  }

  /// What a new loss makes of the hardness of a case: old + a · (new − old); the loss itself at the first visit.
  func updatedLoss(of index: Int, with loss: Double) -> Double {
    guard let old = self.loss(index) else { return loss }
    let share = newLossShare(of: index)
    return (1 - share) * old + share * loss
  }

  /// The share a with which the next loss of a case enters its hardness.
  func newLossShare(of index: Int) -> Double {
    switch options.memory {
    case .momentum(let momentum): 1 - momentum
    case .runningMean(let decay): (1 - decay) / (1 - power(decay, Double(visits[index]) + 1))
    case .estimate: 0
    }
  }

  private mutating func updateMeanLoss(with loss: Double) {
    if case .initialLoss(let initial, _) = options.firstVisits, loss > initial { lossesAboveInitial += 1 }
    lossCount += 1
    meanLoss += loss / Double(lossCount) - meanLoss / Double(lossCount)
  }
}

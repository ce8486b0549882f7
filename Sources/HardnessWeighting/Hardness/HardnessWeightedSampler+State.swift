extension HardnessWeightedSampler {
  private enum CodingKeys: String, CodingKey {
    case options, losses, waiting, pending, visits, order, beta, epoch
    case meanLoss, lossCount, lossesAboveInitial, generator, tracker, draws, groups
  }

  /// Encodes the whole state, including the random generator.
  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encode(options, forKey: .options)
    // A case that is not in the tree has the loss −∞, for which JSON has no number.
    try values.encode((0..<caseCount).map { tree.contains($0) ? tree.loss($0) : nil }, forKey: .losses)
    try values.encode(unvisited, forKey: .waiting)
    try values.encode(pending.sorted(), forKey: .pending)
    try values.encode(visits, forKey: .visits)
    try values.encodeIfPresent(recency?.order, forKey: .order)
    // Only a calibrated β is state, and it is finite. A fixed one follows from the options and the epoch.
    if case .effectiveSampleSize = options.beta { try values.encode(tree.beta, forKey: .beta) }
    try values.encode(epoch, forKey: .epoch)
    try values.encode(meanLoss, forKey: .meanLoss)
    try values.encode(lossCount, forKey: .lossCount)
    try values.encode(lossesAboveInitial, forKey: .lossesAboveInitial)
    try values.encode(generator, forKey: .generator)
    try values.encodeIfPresent(tracker, forKey: .tracker)
    if options.importance != .none { try values.encode(draws, forKey: .draws) }
    try values.encodeIfPresent(groupNames, forKey: .groups)
  }

  /// Decodes a sampler, which continues exactly where the encoded one stopped.
  ///
  /// - Throws: ``SamplerError`` when the stored state is inconsistent, or a `DecodingError`.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    let losses = try values.decode([Double?].self, forKey: .losses)
    try self.init(
      caseCount: losses.count, options: try values.decode(HardnessOptions.self, forKey: .options),
      groups: try values.decodeIfPresent([String].self, forKey: .groups), seed: 0)
    unvisited = try values.decode(UnvisitedCases.self, forKey: .waiting)
    pending = Set(try values.decode([Int].self, forKey: .pending))
    let visits = try values.decode([UInt32].self, forKey: .visits)
    let order = try values.decodeIfPresent([UInt32].self, forKey: .order)
    guard unvisited.isConsistent(caseCount: caseCount), pending.allSatisfy({ $0 >= 0 && $0 < caseCount }),
      visits.count == self.visits.count, (order == nil) == (recency == nil),
      losses.allSatisfy({ $0?.isFinite ?? true })
    else { throw SamplerError.stateInconsistent }
    self.visits = visits
    recency = try order.map { try RecencyList(stored: $0, caseCount: losses.count) }
    let epoch = try values.decode(Int.self, forKey: .epoch)
    meanLoss = try values.decode(Double.self, forKey: .meanLoss)
    lossCount = try values.decode(Int.self, forKey: .lossCount)
    lossesAboveInitial = try values.decode(Int.self, forKey: .lossesAboveInitial)
    guard epoch >= 0, meanLoss.isFinite, [lossCount, lossesAboveInitial].allSatisfy(LossHistory.counts.contains) else {
      throw SamplerError.stateInconsistent
    }
    generator = try values.decode(SplitMix64.self, forKey: .generator)
    if case .estimate(let options) = options.memory {
      let stored = try values.decode(HardnessTracker.self, forKey: .tracker)
      guard stored.isConsistent(caseCount: caseCount, options: options) else { throw SamplerError.stateInconsistent }
      tracker = stored
    }
    // Samplers of earlier versions computed importance weights when visits were recorded.
    draws = try values.decodeIfPresent(DrawQueue<ImportanceDraw>.self, forKey: .draws) ?? draws
    guard draws.isConsistent(caseCount: caseCount, \.isConsistent) else { throw SamplerError.stateInconsistent }
    let beta = try values.decodeIfPresent(Double.self, forKey: .beta)
    guard beta.map({ $0.isFinite && $0 >= 0 }) ?? true else { throw SamplerError.stateInconsistent }
    tree = LogSumExpTree(losses.map { $0 ?? -.infinity }, beta: beta ?? 0)
    groupTrees?.rebuild(from: tree)
    beginEpoch(epoch)
  }

  /// The sampler for a changed list of cases, each with the state it had.
  ///
  /// New cases start as in a new sampler: unvisited, or with the constant initial loss but without noise. Where
  /// settings need groups, new cases are rejected, because their group is unknown.
  ///
  /// - Parameter previousIndices: For each case of the new list, its index in the old one, or `nil` for a new case.
  /// - Throws: ``SamplerError`` when the list is empty, an index does not exist or occurs twice, or an option is out
  ///   of range for the new number of cases.
  public func remapped(_ previousIndices: [Int?]) throws -> HardnessWeightedSampler {
    try Self.check(previousIndices, caseCount: caseCount)
    try options.validate(caseCount: previousIndices.count)
    var remapped = self
    if case .initialLoss(let initial, _) = options.firstVisits {
      remapped.tree = LogSumExpTree(previousIndices.map { $0.map(tree.loss) ?? initial }, beta: tree.beta)
    } else {
      remapped.tree = LogSumExpTree(previousIndices.map { $0.map(tree.loss) ?? -.infinity }, beta: tree.beta)
      remapped.unvisited = unvisited.remapped(previousIndices)
    }
    remapped.pending = Set(previousIndices.indices.filter { previousIndices[$0].map(pending.contains) ?? false })
    remapped.tracker = tracker?.remapped(previousIndices)
    remapped.draws = DrawQueue()
    if let groupNames {
      try remapped.follow(Self.reordered(groupNames, by: previousIndices))
    }
    if !visits.isEmpty { remapped.visits = previousIndices.map { $0.map { visits[$0] } ?? 0 } }
    remapped.recency = recency?.remapped(previousIndices)
    return remapped
  }
}

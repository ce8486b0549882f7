extension HardnessWeightedSampler {
  private enum CodingKeys: String, CodingKey {
    case options, losses, waiting, pending, visits, order, beta, epoch, meanLoss,
      lossCount
    case lossesAboveInitial, generator
  }

  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encode(options, forKey: .options)
    // A case not in the tree has the loss −∞, which JSON has no number for.
    try values.encode((0..<caseCount).map { tree.contains($0) ? tree.loss($0) : nil }, forKey: .losses)
    try values.encode(firstVisits, forKey: .waiting)
    try values.encode(pending.sorted(), forKey: .pending)
    try values.encode(visits, forKey: .visits)
    try values.encodeIfPresent(recency?.order, forKey: .order)
    // Only a β that was calibrated is state, and that is finite.
    if case .effectiveSampleSize = options.beta { try values.encode(tree.beta, forKey: .beta) }
    try values.encode(epoch, forKey: .epoch)
    try values.encode(meanLoss, forKey: .meanLoss)
    try values.encode(lossCount, forKey: .lossCount)
    try values.encode(lossesAboveInitial, forKey: .lossesAboveInitial)
    try values.encode(generator, forKey: .generator)
  }

  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    let losses = try values.decode([Double?].self, forKey: .losses)
    try self.init(
      caseCount: losses.count, options: try values.decode(HardnessOptions.self, forKey: .options), seed: 0)
    firstVisits = try values.decode(UnvisitedCases.self, forKey: .waiting)
    pending = Set(try values.decode([Int].self, forKey: .pending))
    let visits = try values.decode([UInt32].self, forKey: .visits)
    let order = try values.decodeIfPresent([UInt32].self, forKey: .order)
    guard firstVisits.isConsistent(caseCount: caseCount), pending.allSatisfy({ $0 >= 0 && $0 < caseCount }),
      visits.count == self.visits.count, (order == nil) == (recency == nil),
      order.map({ Set($0).count == caseCount && $0.allSatisfy { $0 < caseCount } && $0.count == caseCount }) ?? true,
      losses.allSatisfy({ $0?.isFinite ?? true })
    else { throw SamplerError.stateInconsistent }
    self.visits = visits
    recency = order.map(RecencyList.init)
    let epoch = try values.decode(Int.self, forKey: .epoch)
    meanLoss = try values.decode(Double.self, forKey: .meanLoss)
    lossCount = try values.decode(Int.self, forKey: .lossCount)
    lossesAboveInitial = try values.decode(Int.self, forKey: .lossesAboveInitial)
    generator = try values.decode(SplitMix64.self, forKey: .generator)
    let beta = try values.decodeIfPresent(Double.self, forKey: .beta)
    guard beta.map({ $0.isFinite && $0 >= 0 }) ?? true else { throw SamplerError.stateInconsistent }
    tree = LogSumExpTree(losses.map { $0 ?? -.infinity }, beta: beta ?? 0)
    beginEpoch(epoch)
  }

  public func remapped(_ previousIndices: [Int?]) throws -> HardnessWeightedSampler {
    try Self.check(previousIndices, caseCount: caseCount)
    try options.validate(caseCount: previousIndices.count)
    var remapped = self
    if case .initialLoss(let initial, _) = options.firstVisits {
      remapped.tree = LogSumExpTree(previousIndices.map { $0.map(tree.loss) ?? initial }, beta: tree.beta)
    } else {
      remapped.tree = LogSumExpTree(previousIndices.map { $0.map(tree.loss) ?? -.infinity }, beta: tree.beta)
      remapped.firstVisits = firstVisits.remapped(previousIndices)
    }
    remapped.pending = Set(previousIndices.indices.filter { previousIndices[$0].map(pending.contains) ?? false })
    if !visits.isEmpty { remapped.visits = previousIndices.map { $0.map { visits[$0] } ?? 0 } }
    if let recency {
      let targets = previousIndices.targets
      let new = previousIndices.indices.filter { previousIndices[$0] == nil }.map { UInt32($0) }
      remapped.recency = RecencyList(new + recency.order.compactMap { targets[Int($0)] })
    }
    return remapped
  }
}

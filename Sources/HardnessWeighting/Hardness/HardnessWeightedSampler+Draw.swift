extension HardnessWeightedSampler {
  /// What hardness alone gives a batch, before the floor: some cases at the cap, the others in proportion to their weights.
  struct Shares {
    /// Cases at the cap; they are not in the tree.
    var capped: [Int] = []
    /// The share of each of them.
    var cap = 0.0
    /// The share of all others together.
    var rest = 1.0
    /// The tree's total over the others when the batch began.
    var total = LogSumExpTree.Total(pivot: -.infinity, sum: 0)
  }

  /// Cases taken out of the tree for the time of a batch, with their losses.
  typealias Removed = [(index: Int, loss: Double)]

  public mutating func draw(_ count: Int) throws -> [Int] {
    guard count >= 0, options.replacement || count <= caseCount else {
      throw SamplerError.impossibleBatch(count, caseCount: caseCount)
    }
    var batch: [Int] = []
    while batch.count < count, let index = firstVisits.next(isSeen: tree.contains) {
      batch.append(index)
      pending.insert(index)
      tree.set(meanLoss, at: index)
    }
    if batch.count < count {
      calibrateWhenDue()
      drawByHardness(count - batch.count, into: &batch)
    }
    if recency != nil { for index in batch { recency?.touch(index) } }
    return batch
  }

  private mutating func drawByHardness(_ count: Int, into batch: inout [Int]) {
    var removed: Removed = []
    var excluded: Set<Int> = []
    func exclude(_ index: Int, _ tree: inout LogSumExpTree, _ removed: inout Removed) {
      excluded.insert(index)
      guard tree.contains(index) else { return }
      removed.append((index, tree.loss(index)))
      tree.set(-.infinity, at: index)
    }
    var shares = takeCapped(&removed)
    if !options.replacement { for index in batch { exclude(index, &tree, &removed) } }
    for _ in 0..<count {
      let index = refreshed(excluded) ?? pick(shares, excluded)
      batch.append(index)
      recency?.touch(index)
      if !options.replacement {
        exclude(index, &tree, &removed)
        shares.capped.removeAll { $0 == index }
      }
    }
    restore(removed)
  }

  /// With the refreshed share as its probability, the case not drawn for longest.
  private mutating func refreshed(_ excluded: Set<Int>) -> Int? {
    guard let recency, generator.uniform() < options.refresh else { return nil }
    return recency.oldest { excluded.contains($0) }
  }

  /// Draws one case of those not excluded, in proportion to the probabilities.
  private mutating func pick(_ shares: Shares, _ excluded: Set<Int>) -> Int {
    let n = Double(caseCount)
    let (uniform, hard) = mixture
    while true {
      let masses = [
        uniform * (n - Double(excluded.count)) / n, hard * shares.cap * Double(shares.capped.count),
        hard * shares.rest * tree.share(of: shares.total),
      ]
      let mass = masses.reduce(0, +)
      // What is left of the tree can weigh nothing beside what has been drawn; its proportions hold all the same.
      guard mass > 0 else { return tree.draw(&generator) }
      let target = generator.uniform() * mass
      let index: Int
      if target < masses[0] {
        index = uniformly(excluded)
      } else if target < masses[0] + masses[1] || tree.isEmpty {
        index = shares.capped[generator.index(below: shares.capped.count)]
      } else {
        index = tree.draw(&generator)
      }
      guard case .minimum(let least) = options.floor else { return index }
      // Of the sum of both parts, which was drawn from, the larger part is kept.
      let (share, floor) = (hardShare(index, shares), least / n)
      if generator.uniform() * (share + floor) < max(share, floor) { return index }
    }
  }

  private mutating func uniformly(_ excluded: Set<Int>) -> Int {
    while true {
      let index = generator.index(below: caseCount)
      if !excluded.contains(index) { return index }
    }
  }

  /// What uniform and hardness-weighted draws weigh in the mixture that is drawn from.
  private var mixture: (uniform: Double, hard: Double) {
    switch options.floor {
    case .none: (0, 1)
    case .minimum(let least): (least, 1)
    case .uniformShare(let share): (share, 1 - share)
    }
  }

  /// Takes the cases whose share exceeds the cap out of the tree, the hardest first.
  mutating func takeCapped(_ removed: inout Removed) -> Shares {
    var shares = Shares()
    if let cap = options.cap {
      // The cap holds for the sum of both parts of a mixture with uniform draws.
      if case .uniformShare(let uniform) = options.floor {
        shares.cap = uniform < 1 ? (cap - uniform / Double(caseCount)) / (1 - uniform) : 1
      } else {
        shares.cap = cap
      }
      while !tree.isEmpty {
        let hardest = tree.hardest
        guard shares.rest * tree.share(hardest, of: tree.total) > shares.cap else { break }
        removed.append((hardest, tree.loss(hardest)))
        tree.set(-.infinity, at: hardest)
        shares.capped.append(hardest)
        shares.rest = max(0, shares.rest - shares.cap)
      }
    }
    shares.total = tree.total
    return shares
  }

  mutating func restore(_ removed: Removed) {
    for (index, loss) in removed { tree.set(loss, at: index) }
  }

  /// The share of a case by hardness, before the floor.
  func hardShare(_ index: Int, _ shares: Shares) -> Double {
    shares.capped.contains(index) ? shares.cap : shares.rest * tree.share(index, of: shares.total)
  }

  /// softmax(β · loss), capped and with its floor. While cases are unseen, one of them comes next: they have equal probabilities.
  public var probabilities: [Double] {
    let unseen = firstVisits.cases.filter { !tree.contains($0) }
    var probabilities = Array(repeating: 0.0, count: caseCount)
    guard unseen.isEmpty else {
      for index in unseen { probabilities[index] = 1 / Double(unseen.count) }
      return probabilities
    }
    var copy = self
    var removed: Removed = []
    let shares = copy.takeCapped(&removed)
    for index in probabilities.indices { probabilities[index] = shares.rest * copy.tree.share(index, of: shares.total) }
    for index in shares.capped { probabilities[index] = shares.cap }
    let n = Double(caseCount)
    switch options.floor {
    case .none: return probabilities
    case .uniformShare(let share): return probabilities.map { (1 - share) * $0 + share / n }
    case .minimum(let least):
      let raised = probabilities.map { max($0, least / n) }
      let sum = raised.reduce(0, +)
      return raised.map { $0 / sum }
    }
  }
}

extension HardnessWeightedSampler {
  /// The distribution of a batch by hardness alone, before the floor.
  ///
  /// Each capped case has probability `cap`. The others have `rest · weight / total.sum`.
  struct Shares {
    /// The cases at the cap, which have been removed from the tree.
    var capped: [Int] = []
    /// The probability of each capped case.
    var cap = 0.0
    /// The probability of all other cases together.
    var rest = 1.0
    /// The tree's total over the other cases when the batch began.
    var total = LogSumExpTree.Total(pivot: -.infinity, sum: 0)
  }

  /// Cases that are removed from the tree while a batch is drawn, with their losses.
  typealias RemovedCases = [(index: Int, loss: Double)]

  /// Draws the cases of the next batch: unvisited cases first, the rest by hardness.
  ///
  /// - Throws: ``SamplerError/impossibleBatch(_:caseCount:)`` when `count` is negative, or when it exceeds the
  ///   number of cases and cases are drawn without replacement.
  public mutating func draw(_ count: Int) throws -> [Int] {
    guard count >= 0, options.replacement || count <= caseCount else {
      throw SamplerError.impossibleBatch(count, caseCount: caseCount)
    }
    var batch: [Int] = []
    while batch.count < count, let index = unvisited.next(skipping: tree.contains) {
      batch.append(index)
      pending.insert(index)
      setScore(tracker?.estimator.prior(of: index) ?? meanLoss, of: index)
      tracker?.recordDraw(of: index, ratio: 1)
      if options.importance != .none { draws.append(ImportanceDraw(beta: tree.beta), of: index) }
    }
    if batch.count < count {
      calibrateWhenDue()
      drawByHardness(count - batch.count, into: &batch)
    }
    if recency != nil { for index in batch { recency?.markDrawn(index) } }
    return batch
  }

  private mutating func drawByHardness(_ count: Int, into batch: inout [Int]) {
    var removed: RemovedCases = []
    var excluded: Set<Int> = []
    func exclude(_ index: Int, _ tree: inout LogSumExpTree, _ removed: inout RemovedCases) {
      excluded.insert(index)
      guard tree.contains(index) else { return }
      removed.append((index, tree.loss(index)))
      tree.set(-.infinity, at: index)
    }
    var shares = removeCapped(into: &removed)
    let n = Double(caseCount)
    if !options.replacement { for index in batch { exclude(index, &tree, &removed) } }
    for _ in 0..<count {
      let index =
        drawRefresh(excluding: excluded) ?? drawFromGroup(excluding: excluded)
        ?? drawCase(from: shares, excluding: excluded)
      batch.append(index)
      recency?.markDrawn(index)
      if tracker != nil {
        let probability = probability(of: index, in: shares)
        tracker?.recordDraw(of: index, ratio: options.refresh + (1 - options.refresh) * n * probability)
      }
      if options.importance != .none {
        let stale = pending.contains(index) ? nil : removed.first { $0.index == index }?.loss ?? tree.loss(index)
        draws.append(importanceDraw(of: index, in: shares, stale: stale), of: index)
      }
      if !options.replacement {
        exclude(index, &tree, &removed)
        shares.capped.removeAll { $0 == index }
      }
    }
    restore(removed)
  }

  /// With probability `options.refresh`, the case that has not been drawn for longest.
  private mutating func drawRefresh(excluding excluded: Set<Int>) -> Int? {
    guard let recency, generator.uniform() < options.refresh else { return nil }
    return recency.oldest { excluded.contains($0) }
  }

  /// With the probability that groups are guaranteed, a case of one of them.
  private mutating func drawFromGroup(excluding excluded: Set<Int>) -> Int? {
    guard let total = groupTrees?.total, generator.uniform() < total else { return nil }
    return groupTrees?.draw(excluding: excluded, &generator)
  }

  /// Draws a case that is not excluded, in proportion to its probability.
  ///
  /// The draw comes from a mixture of three parts: all cases uniformly, the capped cases, and the tree. With a
  /// minimum probability f / n, the mixture q_i + f / n exceeds the density max(q_i, f / n), and rejection sampling
  /// corrects for that. A draw is accepted with a probability of at least 1/2.
  private mutating func drawCase(from shares: Shares, excluding excluded: Set<Int>) -> Int {
    let n = Double(caseCount)
    let (uniform, hardness) = mixture
    while true {
      let masses = [
        uniform * (n - Double(excluded.count)) / n, hardness * shares.cap * Double(shares.capped.count),
        hardness * shares.rest * tree.share(of: shares.total),
      ]
      let mass = masses.reduce(0, +)
      // Beside the excluded cases, what is left of the tree can have a mass of 0; its proportions still hold.
      guard mass > 0 else { return tree.draw(&generator) }
      let target = generator.uniform() * mass
      let index: Int
      if target < masses[0] {
        index = drawUniformly(excluding: excluded)
      } else if target < masses[0] + masses[1] || tree.isEmpty {
        index = shares.capped[generator.index(below: shares.capped.count)]
      } else {
        index = tree.draw(&generator)
      }
      guard case .minimum(let minimum) = options.floor else { return index }
      let (share, floor) = (hardnessShare(of: index, in: shares), minimum / n)
      if generator.uniform() * (share + floor) < max(share, floor) { return index }
    }
  }

  private mutating func drawUniformly(excluding excluded: Set<Int>) -> Int {
    while true {
      let index = generator.index(below: caseCount)
      if !excluded.contains(index) { return index }
    }
  }

  /// The masses of uniform and hardness-weighted draws in the mixture.
  private var mixture: (uniform: Double, hardness: Double) {
    switch options.floor {
    case .none: (0, 1)
    case .minimum(let minimum): (minimum, 1)
    case .uniformShare(let share): (share, 1 - share)
    }
  }

  /// Removes the cases whose share exceeds the cap from the tree, the hardest first.
  ///
  /// - Parameter removed: Receives the removed cases, for `restore(_:)`.
  mutating func removeCapped(into removed: inout RemovedCases) -> Shares {
    var shares = Shares()
    if let cap = options.cap {
      // The cap holds for the probability with the uniform share u: (1 − u) · q + u / n ≤ cap.
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

  /// Puts removed cases back into the tree.
  mutating func restore(_ removed: RemovedCases) {
    for (index, loss) in removed { tree.set(loss, at: index) }
  }

  /// The probability of a case by hardness, before the floor.
  func hardnessShare(of index: Int, in shares: Shares) -> Double {
    shares.capped.contains(index) ? shares.cap : shares.rest * tree.share(index, of: shares.total)
  }

  /// The probability with which a case is drawn first in a batch, apart from refreshes.
  ///
  /// 0 for a case that has not been drawn yet. A minimum probability is not divided by the sum, unlike in
  /// ``probabilities``. Takes O(1) for each guaranteed group, or O(1) without groups. While a case exceeds the cap, it
  /// takes O(n), because the tree is copied.
  public func probability(of index: Int) -> Double {
    guard options.cap != nil else { return probability(of: index, in: Shares(total: tree.total)) }
    // The tree is copied only when a case exceeds the cap and is removed.
    var copy = self
    var removed: RemovedCases = []
    let shares = copy.removeCapped(into: &removed)
    return probability(of: index, in: shares)
  }

  /// The probability of a case by hardness and groups, with the floor.
  private func probability(of index: Int, in shares: Shares) -> Double {
    let byHardness = flooredProbability(hardnessShare(of: index, in: shares))
    guard let groupTrees else { return byHardness }
    return (1 - groupTrees.total) * byHardness + groupTrees.probability(of: index)
  }

  /// The softmax(β · loss) with its cap and floor, and the shares of groups.
  ///
  /// While there are unvisited cases, one of them comes next: they share the probability equally. Takes O(n).
  public var probabilities: [Double] {
    let waiting = unvisited.cases.filter { !tree.contains($0) }
    var probabilities = Array(repeating: 0.0, count: caseCount)
    guard waiting.isEmpty else {
      for index in waiting { probabilities[index] = 1 / Double(waiting.count) }
      return probabilities
    }
    var copy = self
    var removed: RemovedCases = []
    let shares = copy.removeCapped(into: &removed)
    for index in probabilities.indices { probabilities[index] = shares.rest * copy.tree.share(index, of: shares.total) }
    for index in shares.capped { probabilities[index] = shares.cap }
    let n = Double(caseCount)
    switch options.floor {
    case .none: break
    case .uniformShare(let share): probabilities = probabilities.map { (1 - share) * $0 + share / n }
    case .minimum(let minimum):
      let raised = probabilities.map { max($0, minimum / n) }
      let sum = raised.reduce(0, +)
      probabilities = raised.map { $0 / sum }
    }
    guard let groupTrees else { return probabilities }
    return probabilities.indices.map {
      (1 - groupTrees.total) * probabilities[$0] + groupTrees.probability(of: $0)
    }
  }
}

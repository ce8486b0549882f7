/// The cases of each group by hardness, for groups that are guaranteed a share of the draws.
///
/// Within a group, a case is drawn with probability softmax(β · loss) over the group, with the sampler's β. Cap
/// and floor do not apply.
struct GroupTrees: Sendable {
  /// The guaranteed share of each group, in the order of `groups`.
  private let shares: [Double]
  private let groups: CaseGroups
  /// The position of each case within its group.
  private let positions: [Int]
  private var trees: [LogSumExpTree] = []
  private let cumulative: CumulativeWeights

  /// - Parameters:
  ///   - names: The name of each case's group.
  ///   - share: The shares that the options ask for.
  ///   - tree: The losses of all cases, and β.
  /// - Throws: ``SamplerError`` when a share is out of range or its group does not exist.
  init(_ names: [String], share: HardnessOptions.GroupShare, tree: LogSumExpTree) throws {
    groups = try CaseGroups(names)
    shares = try share.values(for: Set(names).sorted())
    cumulative = CumulativeWeights(shares)
    var positions = Array(repeating: 0, count: names.count)
    for members in groups.members { for (position, index) in members.enumerated() { positions[index] = position } }
    self.positions = positions
    rebuild(from: tree)
  }

  /// The guaranteed shares of all groups together.
  var total: Double { min(1, shares.reduce(0, +)) }

  /// Takes over β and the losses of all cases.
  mutating func rebuild(from tree: LogSumExpTree) {
    trees = groups.members.map { LogSumExpTree($0.map(tree.loss), beta: tree.beta) }
  }

  /// Changes the loss of a case.
  mutating func set(_ loss: Double, at index: Int) { trees[groups.groupIndices[index]].set(loss, at: positions[index]) }

  /// The probability with which a case is drawn by the guarantee of its group.
  func probability(of index: Int) -> Double {
    let group = groups.groupIndices[index]
    return shares[group] * trees[group].share(positions[index], of: trees[group].total)
  }

  /// Draws a group by the guaranteed shares, and one of its cases by hardness.
  ///
  /// - Parameter excluded: Cases that must not be drawn.
  /// - Returns: `nil` when all cases of the group are excluded.
  mutating func draw(excluding excluded: Set<Int>, _ generator: inout SplitMix64) -> Int? {
    let group = cumulative.draw(&generator)
    let removed = excluded.filter { groups.groupIndices[$0] == group }
    let losses = removed.map { trees[group].loss(positions[$0]) }
    for index in removed { trees[group].set(-.infinity, at: positions[index]) }
    defer { for (index, loss) in zip(removed, losses) { trees[group].set(loss, at: positions[index]) } }
    guard !trees[group].isEmpty else { return nil }
    return groups.members[group][trees[group].draw(&generator)]
  }
}

extension HardnessOptions.GroupShare {
  /// The share of each group.
  ///
  /// - Throws: ``SamplerError`` when the shares sum to more than 1, or one belongs to no group.
  func values(for groups: [String]) throws -> [Double] {
    let values: [Double]
    switch self {
    case .each(let share): values = groups.map { _ in share }
    case .named(let shares):
      if let unknown = shares.keys.filter({ !groups.contains($0) }).min() {
        throw SamplerError.noSuchGroup(unknown, groups: groups)
      }
      values = groups.map { shares[$0] ?? 0 }
    }
    let sum = values.reduce(0, +)
    guard values.allSatisfy({ $0 >= 0 }), sum > 0, sum <= 1 + 1e-9 else {
      throw SamplerError.setting(
        "the groups' guaranteed share of the draws", sum, expected: "above 0 and at most 1 in all")
    }
    return values
  }
}

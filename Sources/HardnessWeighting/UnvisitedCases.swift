/// The cases that have not been drawn yet, in a seeded random order.
struct UnvisitedCases: Codable, Sendable, Equatable {
  /// Reversed, so that the next one is taken off the end.
  private var waiting: [UInt32]

  init(caseCount: Int, _ generator: inout SplitMix64) { waiting = generator.permutation(caseCount) }

  /// For cases all of which have been drawn.
  init() { waiting = [] }

  var cases: some Sequence<Int> { waiting.lazy.map { Int($0) } }

  /// The next case that has not been seen; cases seen without having been drawn are passed over.
  mutating func next(isSeen: (Int) -> Bool) -> Int? {
    while let index = waiting.popLast() {
      if !isSeen(Int(index)) { return Int(index) }
    }
    return nil
  }

  /// The same for a changed list of cases; see `CaseSampler.remapped(_:)`. New cases come last.
  func remapped(_ previousIndices: [Int?]) -> UnvisitedCases {
    let targets = previousIndices.targets
    var remapped = UnvisitedCases()
    remapped.waiting =
      previousIndices.indices.filter { previousIndices[$0] == nil }.reversed().map { UInt32($0) }
      + waiting.compactMap { targets[Int($0)] }
    return remapped
  }

  /// Whether all are cases, none of them twice.
  func isConsistent(caseCount: Int) -> Bool {
    waiting.allSatisfy { $0 < caseCount } && Set(waiting).count == waiting.count
  }
}

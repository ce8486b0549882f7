/// The cases that have not been drawn yet, in a seeded random order.
struct UnvisitedCases: Codable, Sendable, Equatable {
  /// In reverse order: the next case is the last element.
  private var waiting: [UInt32]

  init(caseCount: Int, _ generator: inout SplitMix64) { waiting = generator.permutation(caseCount) }

  /// Creates an empty list, for cases that all have known losses.
  init() { waiting = [] }

  /// The cases, the next one last.
  var cases: some Sequence<Int> { waiting.lazy.map { Int($0) } }

  /// Removes and returns the next case; `nil` when none is left.
  ///
  /// - Parameter isVisited: Whether the loss of a case is known although the case was never drawn. Such cases are
  ///   dropped.
  mutating func next(skipping isVisited: (Int) -> Bool) -> Int? {
    while let index = waiting.popLast() {
      if !isVisited(Int(index)) { return Int(index) }
    }
    return nil
  }

  /// The unvisited cases of a changed list; see ``CaseSampler/remapped(_:)``. New cases come last.
  func remapped(_ previousIndices: [Int?]) -> UnvisitedCases {
    let newIndices = previousIndices.newIndices
    var remapped = UnvisitedCases()
    remapped.waiting =
      previousIndices.indices.filter { previousIndices[$0] == nil }.reversed().map { UInt32($0) }
      + waiting.compactMap { newIndices[Int($0)] }
    return remapped
  }

  /// Whether every element is a valid case index and none occurs twice.
  func isConsistent(caseCount: Int) -> Bool {
    waiting.allSatisfy { $0 < caseCount } && Set(waiting).count == waiting.count
  }
}

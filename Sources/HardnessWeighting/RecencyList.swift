/// The cases in the order in which they were last drawn, the oldest first.
///
/// A doubly linked list in two arrays. Moving a case to the end takes O(1). Memory: 8 bytes per case.
struct RecencyList: Sendable, Equatable {
  /// The case drawn after each case.
  ///
  /// The list is a ring with one extra element, `end`, which stands between the newest and the oldest case.
  private var next: [UInt32]
  /// The case drawn before each case.
  private var previous: [UInt32]

  /// - Parameter order: Every case once, the oldest first.
  init(_ order: [UInt32]) {
    let end = order.count
    next = Array(repeating: 0, count: end + 1)
    previous = next
    var last = end
    for index in order {
      next[last] = index
      previous[Int(index)] = UInt32(last)
      last = Int(index)
    }
    next[last] = UInt32(end)
    previous[end] = UInt32(last)
  }

  /// Cases that count as drawn in the order of their indices.
  init(caseCount: Int) { self.init((0..<UInt32(caseCount)).map { $0 }) }

  /// Checks a stored order.
  ///
  /// - Throws: ``SamplerError/stateInconsistent`` when it does not hold every case once.
  init(stored order: [UInt32], caseCount: Int) throws {
    guard order.count == caseCount, Set(order).count == caseCount, order.allSatisfy({ $0 < caseCount }) else {
      throw SamplerError.stateInconsistent
    }
    self.init(order)
  }

  /// The list for a changed list of cases. New cases come first.
  func remapped(_ previousIndices: [Int?]) -> RecencyList {
    let newIndices = previousIndices.newIndices
    let added = previousIndices.indices.filter { previousIndices[$0] == nil }.map { UInt32($0) }
    return RecencyList(added + order.compactMap { newIndices[Int($0)] })
  }

  /// The index of the extra element that closes the ring.
  private var end: Int { next.count - 1 }

  /// Every case once, the oldest first.
  var order: [UInt32] {
    var order: [UInt32] = []
    var index = Int(next[end])
    while index != end {
      order.append(UInt32(index))
      index = Int(next[index])
    }
    return order
  }

  /// The case that has not been drawn for longest among those that are not excluded; `nil` when all are.
  func oldest(excluding isExcluded: (Int) -> Bool) -> Int? {
    var index = Int(next[end])
    while index != end {
      if !isExcluded(index) { return index }
      index = Int(next[index])
    }
    return nil
  }

  /// Moves a case that has just been drawn to the end.
  mutating func markDrawn(_ index: Int) {
    next[Int(previous[index])] = next[index]
    previous[Int(next[index])] = previous[index]
    let newest = previous[end]
    next[Int(newest)] = UInt32(index)
    previous[index] = newest
    next[index] = UInt32(end)
    previous[end] = UInt32(index)
  }
}

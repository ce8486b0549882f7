/// Cases in the order they were last drawn in, the one not drawn for longest first; a step costs O(1). Memory: 8 bytes a case.
struct RecencyList: Sendable, Equatable {
  /// A ring with one place more than cases, whose last is neither a case's nor moved: it stands between newest and oldest.
  private var next: [UInt32]
  private var previous: [UInt32]

  /// - Parameter order: every case once, the oldest first.
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

  /// The case not drawn for longest of those that are not left out; nil when all are.
  func oldest(leavingOut isLeftOut: (Int) -> Bool) -> Int? {
    var index = Int(next[end])
    while index != end {
      if !isLeftOut(index) { return index }
      index = Int(next[index])
    }
    return nil
  }

  /// Notes that a case has been drawn now.
  mutating func touch(_ index: Int) {
    next[Int(previous[index])] = next[index]
    previous[Int(next[index])] = previous[index]
    let newest = previous[end]
    next[Int(newest)] = UInt32(index)
    previous[index] = newest
    next[index] = UInt32(end)
    previous[end] = UInt32(index)
  }
}

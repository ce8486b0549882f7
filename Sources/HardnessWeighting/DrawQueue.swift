/// What was known of each case when it was drawn, until its visit is recorded.
///
/// A case can be drawn again before its visit is recorded, so each has a queue.
struct DrawQueue<Draw: Codable & Sendable & Equatable>: Codable, Sendable, Equatable {
  /// The draws of each case whose visits are not recorded yet, oldest first.
  private var draws: [Int: [Draw]] = [:]

  init() {}

  /// Decodes the value that `encode(to:)` writes: a dictionary of cases.
  init(from decoder: any Decoder) throws {
    draws = try decoder.singleValueContainer().decode([Int: [Draw]].self)
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(draws)
  }

  mutating func append(_ draw: Draw, of index: Int) { draws[index, default: []].append(draw) }

  /// The draw of a case that is recorded after `count` others of the same case; `nil` when there is none.
  func draw(of index: Int, after count: Int = 0) -> Draw? {
    guard let queue = draws[index], count < queue.count else { return nil }
    return queue[count]
  }

  /// Takes the oldest draw of a case; `nil` when there is none.
  mutating func removeFirst(of index: Int) -> Draw? {
    guard var queue = draws[index] else { return nil }
    let first = queue.removeFirst()
    draws[index] = queue.isEmpty ? nil : queue
    return first
  }

  /// Whether all draws fulfil a condition and belong to existing cases.
  func isConsistent(caseCount: Int, _ isRight: (Draw) -> Bool) -> Bool {
    draws.allSatisfy { $0.key >= 0 && $0.key < caseCount && !$0.value.isEmpty && $0.value.allSatisfy(isRight) }
  }
}

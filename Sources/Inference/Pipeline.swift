import Threads

/// Three steps that items go through, each step on a thread of its own: while the second is at an item, the first is at the next
/// and the third at the one before. A step takes the items in order and one at a time, so memory holds three of them at most.
struct Pipeline<Item: Sendable, Prepared: Sendable, Computed: Sendable> {
  let prepare: @Sendable (Item) throws -> Prepared
  /// The step that takes longest; it runs on the caller's thread.
  let compute: (Prepared) throws -> Computed
  let finish: @Sendable (Computed) throws -> Void

  /// Returns when every item is finished.
  ///
  /// - Throws: what the steps would throw one after the other: the error of the first item that has one. The items before it are
  ///   finished, and none behind it is.
  func run(_ items: [Item]) throws {
    func begin(_ index: Int) -> BackgroundTask<Prepared>? {
      guard index < items.count else { return nil }
      let item = items[index]
      return BackgroundTask { [prepare] in try prepare(item) }
    }
    var next = begin(0)
    var last: BackgroundTask<Void>?
    // Nothing runs on behind an error.
    defer { next?.wait() }
    for index in items.indices {
      let computed = Result { () throws -> Computed? in
        guard let prepared = try next?.get() else { return nil }
        next = begin(index + 1)
        return try compute(prepared)
      }
      try last?.get()
      guard let computed = try computed.get() else { return }
      last = BackgroundTask { [finish] in try finish(computed) }
    }
    try last?.get()
  }
}

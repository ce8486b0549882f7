import Threads

/// Three steps that every item passes through, overlapping for successive items.
///
/// While `compute` works on an item, `prepare` works on the next and `finish` on the previous one, each on a thread of
/// its own. Every step takes the items in order and one at a time, so that at most three items are in memory; without
/// overlap, at most one is.
struct Pipeline<Item: Sendable, Prepared: Sendable, Computed: Sendable> {
  /// Whether an item's steps overlap with those of its neighbors.
  var overlaps = true
  /// The first step, on a background thread.
  let prepare: @Sendable (Item) throws -> Prepared
  /// The second step, which takes the longest; it runs on the caller's thread.
  let compute: (Prepared) throws -> Computed
  /// The third step, on a background thread.
  let finish: @Sendable (Computed) throws -> Void

  /// Runs all items through the three steps and returns when the last is finished.
  ///
  /// - Throws: The error of the first item that fails, as if the items had been processed one after the other. The
  ///   items before it are finished, and those after it are not.
  func run(_ items: [Item]) throws {
    func startPreparing(_ index: Int) -> BackgroundTask<Prepared>? {
      guard index < items.count else { return nil }
      let item = items[index]
      return BackgroundTask { [prepare] in try prepare(item) }
    }
    var next = startPreparing(0)
    var previous: BackgroundTask<Void>?
    // After an error no step may still be running.
    defer { next?.wait() }
    for index in items.indices {
      let computed = Result { () throws -> Computed? in
        guard let prepared = try next?.get() else { return nil }
        next = overlaps ? startPreparing(index + 1) : nil
        return try compute(prepared)
      }
      try previous?.get()
      guard let computed = try computed.get() else { return }
      previous = BackgroundTask { [finish] in try finish(computed) }
      if !overlaps {
        try previous?.get()
        next = startPreparing(index + 1)
      }
    }
    try previous?.get()
  }
}

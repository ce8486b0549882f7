import Dispatch

/// Prepares the next batch on a thread of its own while the network trains on the current one.
///
/// One batch is in preparation at most. What is in it follows from the request alone, so results do not depend on timing. Who asks
/// for batch t + 1 before training on batch t has the losses of step t in hand before batch t + 2 is drawn.
final class BatchLoader {
  /// A batch in preparation; `ready` is signalled after `result` is set, once.
  private final class Slot: @unchecked Sendable {
    let ready = DispatchSemaphore(value: 0)
    var result: Result<Batch, any Error>?
  }

  private let make: @Sendable (BatchRequest) throws -> Batch
  private let queue = DispatchQueue(label: "hwsseg.batches", qos: .userInitiated)
  private var slot: Slot?

  init(_ make: @escaping @Sendable (BatchRequest) throws -> Batch) { self.make = make }

  /// Whether `next` has something to wait for.
  var isPreparing: Bool { slot != nil }

  /// Starts to prepare a batch; the one before must have been taken.
  func prepare(_ request: BatchRequest) {
    precondition(slot == nil, "a batch is in preparation")
    let slot = Slot()
    self.slot = slot
    queue.async { [make] in
      slot.result = Result { try make(request) }
      slot.ready.signal()
    }
  }

  /// The batch in preparation, when it is ready; nil when there is none.
  ///
  /// - Throws: what went wrong on the loader's thread.
  func next() throws -> Batch? {
    guard let slot else { return nil }
    slot.ready.wait()
    self.slot = nil
    return try slot.result?.get()
  }
}

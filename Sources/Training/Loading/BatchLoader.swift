import Dispatch

/// Prepares batches, one after the other, on a thread of its own while the network trains.
///
/// What is in a batch follows from its request alone, so results do not depend on timing.
final class BatchLoader {
  /// A batch in preparation; `ready` is signalled after `result` is set, once.
  private final class Slot: @unchecked Sendable {
    let request: BatchRequest
    let ready = DispatchSemaphore(value: 0)
    var result: Result<Batch, any Error>?

    init(_ request: BatchRequest) { self.request = request }
  }

  private let make: @Sendable (BatchRequest) throws -> Batch
  private let queue = DispatchQueue(label: "hwsseg.batches", qos: .userInitiated)
  private var slots: [Slot] = []

  init(_ make: @escaping @Sendable (BatchRequest) throws -> Batch) { self.make = make }

  /// The batches that have been asked for and not been taken, the next one first.
  var pending: [BatchRequest] { slots.map(\.request) }

  /// Starts to prepare a batch, after those that were asked for before.
  func prepare(_ request: BatchRequest) {
    let slot = Slot(request)
    slots.append(slot)
    queue.async { [make] in
      slot.result = Result { try make(request) }
      slot.ready.signal()
    }
  }

  /// The batch that was asked for first, when it is ready; nil when there is none.
  ///
  /// - Throws: what went wrong on the loader's thread.
  func next() throws -> Batch? {
    guard !slots.isEmpty else { return nil }
    let slot = slots.removeFirst()
    slot.ready.wait()
    return try slot.result?.get()
  }
}

import Dispatch

/// Prepares batches one after the other on a background thread while the network trains.
///
/// The content of a batch depends on its request alone, so that results do not depend on timing.
final class BatchLoader {
  /// A batch in preparation. `ready` is signaled once, after `result` has been set.
  private final class Slot: @unchecked Sendable {
    let request: BatchRequest
    let ready = DispatchSemaphore(value: 0)
    var result: Result<Batch, any Error>?

    init(_ request: BatchRequest) { self.request = request }
  }

  private let make: @Sendable (BatchRequest) throws -> Batch
  private let queue = DispatchQueue(label: "hwsseg.batches", qos: .userInitiated)
  private var slots: [Slot] = []
  /// The seconds that ``next()`` has waited for batches so far.
  private(set) var waitingTime = 0.0

  init(_ make: @escaping @Sendable (BatchRequest) throws -> Batch) { self.make = make }

  /// The batches that have been requested and not been taken yet, the next one first.
  var pending: [BatchRequest] { slots.map(\.request) }

  /// Requests a batch, which is prepared after all those requested before.
  func prepare(_ request: BatchRequest) {
    let slot = Slot(request)
    slots.append(slot)
    queue.async { [make] in
      slot.result = Result { try make(request) }
      slot.ready.signal()
    }
  }

  /// Waits for the batch that was requested first and takes it; `nil` when none has been requested.
  ///
  /// - Throws: The error that preparing the batch threw.
  func next() throws -> Batch? {
    guard !slots.isEmpty else { return nil }
    let slot = slots.removeFirst()
    let start = ContinuousClock.now
    slot.ready.wait()
    waitingTime += (ContinuousClock.now - start) / .seconds(1)
    return try slot.result?.get()
  }
}

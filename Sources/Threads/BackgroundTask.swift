import Dispatch

/// Work on a thread of its own, while whoever started it goes on.
public final class BackgroundTask<Value: Sendable>: @unchecked Sendable {
  private let group = DispatchGroup()
  /// Set before the group is left, and read after waiting for it.
  private var result: Result<Value, any Error>?

  /// Starts the work.
  public init(_ work: @escaping @Sendable () throws -> Value) {
    DispatchQueue(label: "hwsseg.background", qos: .userInitiated).async(group: group) {
      self.result = Result(catching: work)
    }
  }

  /// Returns when the work is done, whatever came of it.
  public func wait() { group.wait() }

  /// Waits for the work and returns its result.
  ///
  /// - Throws: what the work threw.
  public func get() throws -> Value {
    wait()
    guard let result else { preconditionFailure("the work ended without a result") }
    return try result.get()
  }
}

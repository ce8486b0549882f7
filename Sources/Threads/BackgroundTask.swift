import Dispatch

/// Work that runs on another thread while its creator continues.
public final class BackgroundTask<Value: Sendable>: @unchecked Sendable {
  private let group = DispatchGroup()
  /// Set before the work leaves the group, and read only after waiting for the group.
  private var result: Result<Value, any Error>?

  /// Starts the work at once.
  public init(_ work: @escaping @Sendable () throws -> Value) {
    DispatchQueue(label: "hwsseg.background", qos: .userInitiated).async(group: group) {
      self.result = Result(catching: work)
    }
  }

  /// Returns when the work is done, whether it succeeded or threw.
  public func wait() { group.wait() }

  /// Waits for the work and returns its result.
  ///
  /// - Throws: The error that the work threw.
  public func get() throws -> Value {
    wait()
    guard let result else { preconditionFailure("the work ended without a result") }
    return try result.get()
  }
}

import Dispatch

/// Work that is done on a thread of its own while whoever began it goes on.
final class Background<Value: Sendable>: @unchecked Sendable {
  private let group = DispatchGroup()
  /// Set before the group is left, and read behind it.
  private var result: Result<Value, any Error>?

  init(_ work: @escaping @Sendable () throws -> Value) {
    DispatchQueue(label: "hwsseg.background", qos: .userInitiated).async(group: group) {
      self.result = Result(catching: work)
    }
  }

  func wait() { group.wait() }

  /// What the work has given, when it is done.
  ///
  /// - Throws: what the work threw.
  func get() throws -> Value {
    wait()
    guard let result else { preconditionFailure("done without a result") }
    return try result.get()
  }
}

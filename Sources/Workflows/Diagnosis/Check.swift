/// Something that was tried out on this machine, and whether it works.
public struct Check: Sendable {
  /// How it went.
  public enum Result: Sendable, Equatable {
    /// It works; with a measured value, where there is one.
    case ok(String? = nil)
    /// This machine or this program does not offer it, and it is not needed.
    case missing(String)
    /// It does not work.
    case failed(String)
  }

  /// What was tried.
  public let name: String
  /// How it went.
  public let result: Result

  /// Calls `body`, whose errors are failures.
  init(_ name: String, _ body: () throws -> Result) {
    self.name = name
    do { result = try body() } catch { result = .failed("\(error)") }
  }

  /// Whether it does not work.
  public var hasFailed: Bool { if case .failed = result { true } else { false } }
}

extension Check.Result: CustomStringConvertible {
  public var description: String {
    switch self {
    case .ok(let value): value.map { "ok, \($0)" } ?? "ok"
    case .missing(let reason): "not available: \(reason)"
    case .failed(let reason): "failed: \(reason)"
    }
  }
}

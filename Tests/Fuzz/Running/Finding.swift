import Foundation

/// An input that a reader neither accepts nor refuses as it should.
struct Finding: CustomStringConvertible {
  /// What happened.
  enum Kind: Equatable {
    /// A signal ended the process.
    case crash(signal: Int32)
    /// The reader ended the process.
    case exit(status: Int32)
    /// It took more than a second.
    case slow
    /// It took more than 1 GB.
    case memory
    /// An error that the reader does not promise.
    case error
  }

  let reader: String
  let seed: UInt64
  let input: Int
  let kind: Kind
  /// What the process wrote before its end.
  let message: String
  /// The bytes of the input.
  let file: URL

  /// One line, with the command that reads the input again.
  var description: String {
    let what =
      switch kind {
      case .crash(let signal): "signal \(signal)"
      case .exit(let status): "exit with status \(status)"
      case .slow: "more than a second"
      case .memory: "more than 1 GB"
      case .error: "another error"
      }
    return "\(what): fuzz \(reader) --seed \(seed) --first \(input) --inputs 1; \(file.path) \(message.prefix(300))"
  }
}

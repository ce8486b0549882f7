/// An error in what the user provided, such as a file, a folder or an option, with what is needed
/// to correct it.
///
/// The program prints its description as one sentence and exits with status 2.
public struct InputError: Error, Equatable, Sendable, Codable, CustomStringConvertible {
  /// The file, folder or option that is wrong.
  public var subject: String
  /// What was found there.
  public var found: String
  /// What is accepted there.
  public var expected: String
  /// What the user can do, if that does not follow from `expected`.
  public var advice: String?

  /// Creates an error. `found` and `expected` are phrases without a period; `advice` is a sentence.
  public init(_ subject: String, found: String, expected: String, advice: String? = nil) {
    self.subject = subject
    self.found = found
    self.expected = expected
    self.advice = advice
  }

  /// The message for the user.
  public var description: String {
    "\(subject): found \(found); expected \(expected)." + (advice.map { " \($0)" } ?? "")
  }
}

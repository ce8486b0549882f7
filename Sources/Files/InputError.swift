/// Something a user gave us that we cannot use, with what they need to mend it.
///
/// Thrown for input of every kind: a file, a folder, an option. The program prints it as one sentence and exits with status 2.
public struct InputError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The file, folder or option at fault.
  public var subject: String
  /// What was found there.
  public var found: String
  /// What would have been accepted.
  public var expected: String
  /// What the user can do about it, if there is more to say than `expected` does.
  public var advice: String?

  public init(_ subject: String, found: String, expected: String, advice: String? = nil) {
    self.subject = subject
    self.found = found
    self.expected = expected
    self.advice = advice
  }

  public var description: String {
    "\(subject): found \(found); expected \(expected)." + (advice.map { " \($0)" } ?? "")
  }
}

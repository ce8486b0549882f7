import Files

/// A fold of a cross-validation, or a training on all cases.
public enum Fold: Sendable, Equatable, CustomStringConvertible {
  /// A fold of the cross-validation, from 0.
  case number(Int)
  /// All cases are used for training and for validation.
  case all

  /// Reads `0`, `1`, … or `all`.
  ///
  /// - Throws: `InputError` for anything else.
  public init(_ text: String) throws {
    if text == "all" {
      self = .all
    } else if let number = Int(text), number >= 0 {
      self = .number(number)
    } else {
      throw InputError("--fold", found: "\"\(text)\"", expected: "0, 1, 2, 3, 4 or all")
    }
  }

  /// The text that `init(_:)` reads.
  public var description: String {
    switch self {
    case .number(let number): String(number)
    case .all: "all"
    }
  }
}

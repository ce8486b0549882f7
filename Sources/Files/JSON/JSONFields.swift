import Foundation

/// Typed access to the members of a JSON object. Every error names the file and the path to the member.
///
/// Every accessor throws `InputError` when the member is of another kind, and when it is absent or
/// `null`, unless its name ends in `IfPresent` or it takes a default value.
public struct JSONFields: Sendable {
  /// The members.
  public let object: JSONObject
  /// The name of the file, for error messages.
  public let file: String
  /// The path from the top of the file to this object, with periods between the keys.
  public let path: String

  /// Creates access to an object.
  ///
  /// - Throws: `InputError` when `value` is not an object.
  public init(_ value: JSON, file: String, path: String = "") throws {
    guard case .object(let object) = value else {
      throw InputError(
        file, found: "\(value.kind)\(path.isEmpty ? "" : " at \(path)")", expected: "an object with named members")
    }
    self.object = object
    self.file = file
    self.path = path
  }

  private func memberPath(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

  /// An error about one member, whose path is added to `found`.
  public func error(_ key: String, found: String, expected: String, advice: String? = nil) -> InputError {
    InputError(file, found: "\(found) at \"\(memberPath(key))\"", expected: expected, advice: advice)
  }

  private func required<Value>(_ key: String, _ value: Value?, _ kind: String) throws -> Value {
    if let value { return value }
    let found = object[key].map { "\($0.kind)" } ?? "nothing"
    throw error(key, found: found, expected: kind)
  }

  /// The member's value, or `nil` when it is absent or `null`. A value of another kind is an error.
  private func optional<Value>(_ key: String, _ kind: String, _ read: (JSON) -> Value?) throws -> Value? {
    guard let value = object[key], value != .null else { return nil }
    return try required(key, read(value), kind)
  }

  /// A string, or `nil` when the member is absent or `null`.
  public func stringIfPresent(_ key: String) throws -> String? { try optional(key, "a string") { $0.string } }
  /// A string.
  public func string(_ key: String) throws -> String { try required(key, stringIfPresent(key), "a string") }

  /// `true` or `false`, or `nil` when the member is absent or `null`.
  public func boolIfPresent(_ key: String) throws -> Bool? { try optional(key, "true or false") { $0.bool } }
  /// `true` or `false`.
  public func bool(_ key: String) throws -> Bool { try required(key, boolIfPresent(key), "true or false") }

  /// A whole number, or `nil` when the member is absent or `null`.
  public func intIfPresent(_ key: String) throws -> Int? { try optional(key, "a whole number") { $0.int } }
  /// A whole number.
  public func int(_ key: String) throws -> Int { try required(key, intIfPresent(key), "a whole number") }

  /// A finite number, or `nil` when the member is absent or `null`.
  public func doubleIfPresent(_ key: String) throws -> Double? {
    try optional(key, "a finite number") { $0.double.flatMap { $0.isFinite ? $0 : nil } }
  }
  /// A finite number.
  public func double(_ key: String) throws -> Double { try required(key, doubleIfPresent(key), "a finite number") }

  /// A list of whole numbers, or `nil` when the member is absent or `null`.
  public func intsIfPresent(_ key: String) throws -> [Int]? {
    try optional(key, "a list of whole numbers") { $0.list(\.int) }
  }
  /// A list of whole numbers.
  public func ints(_ key: String) throws -> [Int] { try required(key, intsIfPresent(key), "a list of whole numbers") }

  /// A list of finite numbers.
  public func doubles(_ key: String) throws -> [Double] {
    let values = try optional(key, "a list of finite numbers") {
      $0.list { $0.double.flatMap { $0.isFinite ? $0 : nil } }
    }
    return try required(key, values, "a list of finite numbers")
  }

  /// A list of strings, or `nil` when the member is absent or `null`.
  public func stringsIfPresent(_ key: String) throws -> [String]? {
    try optional(key, "a list of strings") { $0.list(\.string) }
  }
  /// A list of strings.
  public func strings(_ key: String) throws -> [String] {
    try required(key, stringsIfPresent(key), "a list of strings")
  }

  /// A list of `true` and `false`.
  public func bools(_ key: String) throws -> [Bool] {
    let kind = "a list of true and false"
    return try required(key, optional(key, kind) { $0.list(\.bool) }, kind)
  }

  /// A list of lists of whole numbers.
  public func intLists(_ key: String) throws -> [[Int]] {
    let kind = "a list of lists of whole numbers"
    return try required(key, optional(key, kind) { $0.list { $0.list(\.int) } }, kind)
  }

  /// A list of lists of numbers, which may be NaN or infinite.
  public func doubleLists(_ key: String) throws -> [[Double]] {
    let kind = "a list of lists of numbers"
    return try required(key, optional(key, kind) { $0.list { $0.list(\.double) } }, kind)
  }

  /// An object, or `nil` when the member is absent or `null`.
  public func fieldsIfPresent(_ key: String) throws -> JSONFields? {
    guard let value = object[key], value != .null else { return nil }
    return try JSONFields(value, file: file, path: memberPath(key))
  }
  /// A list of objects.
  public func objects(_ key: String) throws -> [JSONFields] {
    let values = try required(key, optional(key, "a list") { $0.list { $0 } }, "a list of objects")
    return try values.enumerated().map { index, value in
      try JSONFields(value, file: file, path: "\(memberPath(key))[\(index)]")
    }
  }

  /// An object.
  public func fields(_ key: String) throws -> JSONFields {
    try required(key, fieldsIfPresent(key), "an object with named members")
  }
}

extension JSON {
  /// A phrase for the value, for error messages.
  public var kind: String {
    switch self {
    case .null: "null"
    case .bool(let value): value ? "true" : "false"
    case .integer(let value): "the number \(value)"
    case .number(let value): "the number \(value)"
    case .string(let value): "the text \"\(value)\""
    case .array: "a list"
    case .object: "an object"
    }
  }

  /// The string, or `nil` for another kind of value.
  public var string: String? { if case .string(let value) = self { value } else { nil } }
  /// The truth value, or `nil` for another kind of value.
  public var bool: Bool? { if case .bool(let value) = self { value } else { nil } }

  /// The whole number, even if it is written as 3.0, or `nil` for another value.
  public var int: Int? {
    switch self {
    case .integer(let value): value
    case .number(let value): Int(exactly: value)
    default: nil
    }
  }

  /// The number, or `nil` for another kind of value.
  public var double: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .number(let value): value
    default: nil
    }
  }

  /// The elements of a list as `read` converts them, or `nil` when this is not a list or `read`
  /// returns `nil` for one.
  public func list<Element>(_ read: (JSON) -> Element?) -> [Element]? {
    guard case .array(let values) = self else { return nil }
    let elements = values.compactMap(read)
    return elements.count == values.count ? elements : nil
  }
}

extension JSONFields {
  /// Checks that the object has no other keys than `keys`.
  ///
  /// - Throws: `InputError` when it has one.
  public func allow(_ keys: [String]) throws {
    if let unknownKey = object.keys.first(where: { !keys.contains($0) }) {
      throw error(unknownKey, found: "an unknown key", expected: "one of \(keys.joined(separator: ", "))")
    }
  }

  /// A whole number within `range`, or `value` when the member is absent or `null`.
  public func int(_ key: String, default value: Int, in range: ClosedRange<Int>) throws -> Int {
    let value = try intIfPresent(key) ?? value
    guard range.contains(value) else {
      throw error(key, found: "\(value)", expected: "a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return value
  }

  /// A number within `range`, or `value` when the member is absent or `null`.
  public func double(_ key: String, default value: Double, in range: ClosedRange<Double>) throws -> Double {
    let value = try doubleIfPresent(key) ?? value
    guard range.contains(value) else {
      throw error(key, found: "\(value)", expected: "a number from \(range.lowerBound) to \(range.upperBound)")
    }
    return value
  }

  /// A case of an enumeration, named by its raw value, or `value` when the member is absent or `null`.
  public func choice<Choice: RawRepresentable & CaseIterable>(_ key: String, default value: Choice) throws -> Choice
  where Choice.RawValue == String {
    guard let text = try stringIfPresent(key) else { return value }
    guard let choice = Choice(rawValue: text) else {
      throw error(
        key, found: "\"\(text)\"", expected: Choice.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", "))
    }
    return choice
  }
}

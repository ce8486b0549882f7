import Foundation

/// Typed access to an object's members; every error names the file and the way to the member.
public struct JSONFields: Sendable {
  public let object: JSONObject
  /// Named in errors, as is `path`, the way from the top of the file to this object.
  public let file: String
  public let path: String

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

  private func place(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

  /// An error about one member.
  public func error(_ key: String, found: String, expected: String, advice: String? = nil) -> InputError {
    InputError(file, found: "\(found) at \"\(place(key))\"", expected: expected, advice: advice)
  }

  private func required<Value>(_ key: String, _ value: Value?, _ kind: String) throws -> Value {
    if let value { return value }
    let found = object[key].map { "\($0.kind)" } ?? "nothing"
    throw error(key, found: found, expected: kind)
  }

  /// `nil` when the member is absent or null; an error when it is there and of another kind.
  private func optional<Value>(_ key: String, _ kind: String, _ read: (JSON) -> Value?) throws -> Value? {
    guard let value = object[key], value != .null else { return nil }
    return try required(key, read(value), kind)
  }

  public func stringIfPresent(_ key: String) throws -> String? { try optional(key, "a string") { $0.string } }
  public func string(_ key: String) throws -> String { try required(key, stringIfPresent(key), "a string") }

  public func boolIfPresent(_ key: String) throws -> Bool? { try optional(key, "true or false") { $0.bool } }
  public func bool(_ key: String) throws -> Bool { try required(key, boolIfPresent(key), "true or false") }

  public func intIfPresent(_ key: String) throws -> Int? { try optional(key, "a whole number") { $0.int } }
  public func int(_ key: String) throws -> Int { try required(key, intIfPresent(key), "a whole number") }

  public func doubleIfPresent(_ key: String) throws -> Double? {
    try optional(key, "a finite number") { $0.double.flatMap { $0.isFinite ? $0 : nil } }
  }
  public func double(_ key: String) throws -> Double { try required(key, doubleIfPresent(key), "a finite number") }

  public func intsIfPresent(_ key: String) throws -> [Int]? {
    try optional(key, "a list of whole numbers") { $0.list(\.int) }
  }
  public func ints(_ key: String) throws -> [Int] { try required(key, intsIfPresent(key), "a list of whole numbers") }

  public func doubles(_ key: String) throws -> [Double] {
    let values = try optional(key, "a list of finite numbers") {
      $0.list { $0.double.flatMap { $0.isFinite ? $0 : nil } }
    }
    return try required(key, values, "a list of finite numbers")
  }

  public func strings(_ key: String) throws -> [String] {
    try required(key, optional(key, "a list of strings") { $0.list(\.string) }, "a list of strings")
  }

  public func bools(_ key: String) throws -> [Bool] {
    let kind = "a list of true and false"
    return try required(key, optional(key, kind) { $0.list(\.bool) }, kind)
  }

  public func intLists(_ key: String) throws -> [[Int]] {
    let kind = "a list of lists of whole numbers"
    return try required(key, optional(key, kind) { $0.list { $0.list(\.int) } }, kind)
  }

  public func doubleLists(_ key: String) throws -> [[Double]] {
    let kind = "a list of lists of numbers"
    return try required(key, optional(key, kind) { $0.list { $0.list(\.double) } }, kind)
  }

  public func fieldsIfPresent(_ key: String) throws -> JSONFields? {
    guard let value = object[key], value != .null else { return nil }
    return try JSONFields(value, file: file, path: place(key))
  }
  public func fields(_ key: String) throws -> JSONFields {
    try required(key, fieldsIfPresent(key), "an object with named members")
  }
}

extension JSON {
  /// What kind of value this is, in words.
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

  public var string: String? { if case .string(let value) = self { value } else { nil } }
  public var bool: Bool? { if case .bool(let value) = self { value } else { nil } }

  public var int: Int? {
    switch self {
    case .integer(let value): value
    case .number(let value): Int(exactly: value)
    default: nil
    }
  }

  public var double: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .number(let value): value
    default: nil
    }
  }

  public func list<Element>(_ read: (JSON) -> Element?) -> [Element]? {
    guard case .array(let values) = self else { return nil }
    let elements = values.compactMap(read)
    return elements.count == values.count ? elements : nil
  }
}

extension JSONFields {
  /// - Throws: `InputError` when the object has a key that is not in `keys`.
  public func allow(_ keys: [String]) throws {
    if let unknownKey = object.keys.first(where: { !keys.contains($0) }) {
      throw error(unknownKey, found: "an unknown key", expected: "one of \(keys.joined(separator: ", "))")
    }
  }

  public func int(_ key: String, default value: Int, in range: ClosedRange<Int>) throws -> Int {
    let value = try intIfPresent(key) ?? value
    guard range.contains(value) else {
      throw error(key, found: "\(value)", expected: "a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return value
  }

  public func double(_ key: String, default value: Double, in range: ClosedRange<Double>) throws -> Double {
    let value = try doubleIfPresent(key) ?? value
    guard range.contains(value) else {
      throw error(key, found: "\(value)", expected: "a number from \(range.lowerBound) to \(range.upperBound)")
    }
    return value
  }

  /// One of the names of an enumeration.
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

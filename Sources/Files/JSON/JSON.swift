import Foundation
import OrderedCollections

/// A JSON value that keeps the order of an object's keys, and the keys that the program does not know.
///
/// Order matters in nnU-Net's files, where regions are numbered by the order of `labels`. Unknown
/// keys survive when a plan is read and written again. `NaN` and `Infinity`, which Python writes
/// although JSON forbids them, are accepted.
public enum JSON: Sendable, Equatable {
  /// The value `null`.
  case null
  /// `true` or `false`.
  case bool(Bool)
  /// A number that is written without a decimal point or an exponent, and fits into `Int`.
  case integer(Int)
  /// Any other number, including NaN and infinity.
  case number(Double)
  /// A string.
  case string(String)
  /// A list of values.
  case array([JSON])
  /// Named members, in the order of the file.
  case object(JSONObject)

  /// Reads a file.
  ///
  /// - Throws: `InputError` that names the file when it cannot be read or is not JSON.
  public static func read(_ url: URL) throws -> JSON {
    guard let data = try? Data(contentsOf: url) else {
      throw InputError(url.path, found: "no readable file", expected: "a JSON file")
    }
    return try parse(data, file: url.path)
  }

  /// Parses UTF-8 text.
  ///
  /// - Parameters:
  ///   - data: The text.
  ///   - file: The name of the file, for error messages.
  /// - Throws: `InputError` that names the line at which the text stops being JSON.
  public static func parse(_ data: Data, file: String) throws -> JSON {
    var parser = JSONParser(bytes: Array(data), file: file)
    return try parser.document()
  }

  /// The value as text, indented by four blanks as in nnU-Net's files.
  ///
  /// Lists without lists and objects in them stay on one line.
  public var text: String {
    var text = ""
    write(to: &text, indentation: 0)
    return text + "\n"
  }

  private func write(to text: inout String, indentation: Int) {
    let inner = String(repeating: " ", count: indentation + 4)
    let outer = String(repeating: " ", count: indentation)
    switch self {
    case .null: text += "null"
    case .bool(let value): text += value ? "true" : "false"
    case .integer(let value): text += String(value)
    case .number(let value): text += Self.text(of: value)
    case .string(let value): Self.write(value, to: &text)
    case .array(let values) where values.allSatisfy(\.isScalar):
      text += "["
      for (index, value) in values.enumerated() {
        if index > 0 { text += ", " }
        value.write(to: &text, indentation: 0)
      }
      text += "]"
    case .array(let values):
      text += "[\n"
      for (index, value) in values.enumerated() {
        text += inner
        value.write(to: &text, indentation: indentation + 4)
        text += index < values.count - 1 ? ",\n" : "\n"
      }
      text += outer + "]"
    case .object(let object) where object.isEmpty: text += "{}"
    case .object(let object):
      text += "{\n"
      for (index, entry) in object.elements.enumerated() {
        text += inner
        Self.write(entry.key, to: &text)
        text += ": "
        entry.value.write(to: &text, indentation: indentation + 4)
        text += index < object.count - 1 ? ",\n" : "\n"
      }
      text += outer + "}"
    }
  }

  private var isScalar: Bool {
    switch self {
    case .array, .object: false
    default: true
    }
  }

  private static func text(of value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "-Infinity" : "Infinity" }
    return "\(value)"
  }

  private static func write(_ string: String, to text: inout String) {
    text += "\""
    for scalar in string.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\r": text += "\\r"
      case "\t": text += "\\t"
      case _ where scalar.value < 0x20: text += String(format: "\\u%04x", scalar.value)
      default: text.unicodeScalars.append(scalar)
      }
    }
    text += "\""
  }
}

/// The members of a JSON object in the order of the file.
public typealias JSONObject = OrderedDictionary<String, JSON>

extension JSONObject {
  /// Creates an object from its members in order. If several members have the same key, the last
  /// value counts.
  public init(_ members: [(String, JSON)]) { self.init(members, uniquingKeysWith: { $1 }) }
}

extension JSON {
  /// A list of whole numbers.
  public static func integers(_ values: [Int]) -> JSON { .array(values.map { .integer($0) }) }
  /// A list of numbers.
  public static func numbers(_ values: [Double]) -> JSON { .array(values.map { .number($0) }) }
  /// A list of strings.
  public static func strings(_ values: [String]) -> JSON { .array(values.map { .string($0) }) }
  /// A list of `true` and `false`.
  public static func bools(_ values: [Bool]) -> JSON { .array(values.map { .bool($0) }) }
}

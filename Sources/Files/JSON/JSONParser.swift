import Foundation

/// A recursive-descent parser of JSON.
struct JSONParser {
  let bytes: [UInt8]
  let file: String
  private var position = 0
  /// Deeper nesting is an accident or an attack, and could exhaust the stack.
  private static let maximumDepth = 200

  init(bytes: [UInt8], file: String) {
    // Some editors put a byte order mark in front.
    self.bytes = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(bytes.dropFirst(3)) : bytes
    self.file = file
  }

  /// Parses the whole text as one value.
  mutating func document() throws -> JSON {
    let value = try value(depth: 0)
    skipBlanks()
    guard position == bytes.count else { throw malformed("text after the end of the JSON value") }
    return value
  }

  private func malformed(_ found: String) -> InputError {
    let line = 1 + bytes.prefix(position).count { $0 == UInt8(ascii: "\n") }
    return InputError(file, found: "\(found) in line \(line)", expected: "a JSON file")
  }

  private mutating func skipBlanks() {
    while let byte = next, byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D { position += 1 }
  }

  private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard next == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  private mutating func take(_ word: String) -> Bool {
    guard bytes[position...].starts(with: word.utf8) else { return false }
    position += word.utf8.count
    return true
  }

  private mutating func value(depth: Int) throws -> JSON {
    guard depth < Self.maximumDepth else { throw malformed("values nested too deeply") }
    skipBlanks()
    guard let first = next else { throw malformed("an unexpected end") }
    switch first {
    case UInt8(ascii: "{"): return try .object(object(depth: depth))
    case UInt8(ascii: "["): return try .array(array(depth: depth))
    case UInt8(ascii: "\""): return try .string(string())
    default: break
    }
    if take("true") { return .bool(true) }
    if take("false") { return .bool(false) }
    if take("null") { return .null }
    if take("NaN") { return .number(.nan) }
    if take("Infinity") { return .number(.infinity) }
    if take("-Infinity") { return .number(-.infinity) }
    return try number()
  }

  private mutating func object(depth: Int) throws -> JSONObject {
    position += 1
    var entries: [(String, JSON)] = []
    skipBlanks()
    if take("}") { return JSONObject() }
    repeat {
      skipBlanks()
      guard next == UInt8(ascii: "\"") else { throw malformed("something other than a key") }
      let key = try string()
      skipBlanks()
      guard take(":") else { throw malformed("no colon after \"\(key)\"") }
      entries.append((key, try value(depth: depth + 1)))
      skipBlanks()
    } while take(",")
    guard take("}") else { throw malformed("an object that does not end") }
    return JSONObject(entries)
  }

  private mutating func array(depth: Int) throws -> [JSON] {
    position += 1
    var values: [JSON] = []
    skipBlanks()
    if take("]") { return values }
    repeat {
      values.append(try value(depth: depth + 1))
      skipBlanks()
    } while take(",")
    guard take("]") else { throw malformed("a list that does not end") }
    return values
  }

  private mutating func number() throws -> JSON {
    let start = position
    while let byte = next, "+-.0123456789eE".utf8.contains(byte) { position += 1 }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    // Swift reads more than JSON allows, such as +1 and 1. without a digit after the point.
    guard Self.isNumber(bytes[start..<position]) else {
      throw malformed(text.isEmpty ? "something that is not a JSON value" : "the unusable number \(text)")
    }
    if let integer = Int(text) { return .integer(integer) }
    // `Double` reads a number beyond its range as infinity.
    guard let number = Double(text), number.isFinite else {
      throw malformed("the unusable number \(text)")
    }
    return .number(number)
  }

  /// Whether a text is an optional minus sign, digits, and perhaps a fraction and an exponent.
  ///
  /// A regular expression would take most of the time of reading a file.
  private static func isNumber(_ text: ArraySlice<UInt8>) -> Bool {
    var rest = text
    /// Drops the digits in front, and says whether there were any.
    func dropDigits() -> Bool {
      let count = rest.count
      rest = rest.drop { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
      return rest.count < count
    }
    if rest.first == UInt8(ascii: "-") { rest.removeFirst() }
    guard dropDigits() else { return false }
    if rest.first == UInt8(ascii: ".") {
      rest.removeFirst()
      guard dropDigits() else { return false }
    }
    guard let exponent = rest.popFirst() else { return true }
    guard exponent | 0x20 == UInt8(ascii: "e") else { return false }
    if let sign = rest.first, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") { rest.removeFirst() }
    return dropDigits() && rest.isEmpty
  }

  private mutating func string() throws -> String {
    position += 1
    var text: [UInt8] = []
    while let byte = next {
      position += 1
      switch byte {
      case UInt8(ascii: "\""):
        guard let string = String(validating: text, as: UTF8.self) else { throw malformed("text that is not UTF-8") }
        return string
      case UInt8(ascii: "\\"): try text.append(contentsOf: escape())
      case 0..<0x20: throw malformed("a control character in a string")
      default: text.append(byte)
      }
    }
    throw malformed("a string that does not end")
  }

  private mutating func escape() throws -> [UInt8] {
    guard let byte = next else { throw malformed("an unexpected end") }
    position += 1
    switch byte {
    case UInt8(ascii: "n"): return [0x0A]
    case UInt8(ascii: "t"): return [0x09]
    case UInt8(ascii: "r"): return [0x0D]
    case UInt8(ascii: "b"): return [0x08]
    case UInt8(ascii: "f"): return [0x0C]
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
    case UInt8(ascii: "u"):
      var code = try codeUnit()
      if 0xD800..<0xDC00 ~= code {
        guard take("\\u") else { throw malformed("half a surrogate pair") }
        let low = try codeUnit()
        guard 0xDC00..<0xE000 ~= low else { throw malformed("half a surrogate pair") }
        code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
      }
      guard let scalar = Unicode.Scalar(code) else { throw malformed("half a surrogate pair") }
      return Array(String(scalar).utf8)
    default: throw malformed("an unknown escape in a string")
    }
  }

  private mutating func codeUnit() throws -> UInt32 {
    let digits = String(decoding: bytes[position..<min(position + 4, bytes.count)], as: UTF8.self)
    guard digits.utf8.count == 4, digits.allSatisfy(\.isHexDigit), let code = UInt32(digits, radix: 16) else {
      throw malformed("an unusable \\u escape")
    }
    position += 4
    return code
  }
}

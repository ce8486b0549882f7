import Foundation

/// Tables of comma-separated values, as spreadsheets write them (RFC 4180).
public enum CSV {
  /// Splits a table into rows and cells.
  ///
  /// Quoted cells may contain commas, line breaks and doubled quotes. Blanks around other cells are
  /// removed, and blank lines and a byte order mark are skipped.
  ///
  /// - Parameters:
  ///   - text: The table.
  ///   - file: The name of the file, for error messages.
  /// - Returns: The rows, each with the number of the line in which it starts, counted from 1.
  /// - Throws: `InputError` when a quoted cell does not end.
  public static func rows(_ text: String, file: String) throws -> [(line: Int, cells: [String])] {
    var parser = CSVParser(text, file: file)
    return try parser.rows()
  }

  /// Reads the rows and cells of a UTF-8 file, by the rules of ``rows(_:file:)``.
  ///
  /// - Throws: `InputError` when there is no such file, it is not readable UTF-8 text, or a quoted cell does not end.
  public static func rows(contentsOf url: URL) throws -> [(line: Int, cells: [String])] {
    guard FileManager.default.fileExists(atPath: url.path) else {
      throw InputError(url.path, found: "no such file", expected: "a table of comma-separated values")
    }
    guard let text = try? String(contentsOf: url, encoding: .utf8) else {
      throw InputError(url.path, found: "no readable UTF-8 file", expected: "a table of comma-separated values")
    }
    return try rows(text, file: url.path)
  }

  /// A table as text, with quotes around the cells that need them, so that ``rows(_:file:)``
  /// returns the same cells.
  public static func text(_ rows: [[String]]) -> String {
    rows.map { $0.map(quoted).joined(separator: ",") + "\n" }.joined()
  }

  private static func quoted(_ cell: String) -> String {
    // A byte order mark is skipped at the start of a file, so a cell that begins with one needs quotes too.
    let isPlain = !cell.utf8.contains { $0.endsCell || $0 == .quote } && cell.unicodeScalars.first != "\u{FEFF}"
    if isPlain, cell == cell.trimmingCharacters(in: .whitespaces) { return cell }
    return "\"" + cell.replacingOccurrences(of: "\"", with: "\"\"", options: .literal) + "\""
  }
}

/// A parser that reads a table from its first byte to its last.
private struct CSVParser {
  private let bytes: [UInt8]
  private let file: String
  private var position = 0
  private var line = 1

  init(_ text: String, file: String) {
    let bytes = Array(text.utf8)
    self.bytes = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(bytes.dropFirst(3)) : bytes
    self.file = file
  }

  mutating func rows() throws -> [(line: Int, cells: [String])] {
    var rows: [(line: Int, cells: [String])] = []
    while position < bytes.count {
      let start = line
      var cells = [try cell()]
      while take(.comma) { cells.append(try cell()) }
      _ = take(.carriageReturn)
      _ = take(.lineFeed)
      if cells != [""] { rows.append((start, cells)) }
    }
    return rows
  }

  /// Reads the next cell, and stops at the comma or the end of the line.
  private mutating func cell() throws -> String {
    let plain = takeWhile { !$0.endsCell }
    guard plain.first(where: { !$0.isBlank }) == .quote else { return Self.trimmed(plain) }
    position = plain.startIndex + plain.prefix(while: \.isBlank).count + 1
    let quoted = try quotedContent()
    // Text after the closing quote belongs to the cell, as in spreadsheets.
    return String(decoding: quoted, as: UTF8.self) + Self.trimmed(takeWhile { !$0.endsCell })
  }

  /// Reads the content of a quoted cell and its closing quote.
  private mutating func quotedContent() throws -> [UInt8] {
    let start = line
    var content: [UInt8] = []
    while position < bytes.count {
      if take(.quote) {
        guard take(.quote) else { return content }
        content.append(.quote)
      } else {
        content.append(bytes[position])
        if bytes[position] == .lineFeed { line += 1 }
        position += 1
      }
    }
    throw InputError(
      file, found: "a quoted cell that starts in line \(start) and does not end",
      expected: "a quote at the end of the cell")
  }

  private mutating func take(_ byte: UInt8) -> Bool {
    guard position < bytes.count, bytes[position] == byte else { return false }
    position += 1
    if byte == .lineFeed { line += 1 }
    return true
  }

  private mutating func takeWhile(_ isTaken: (UInt8) -> Bool) -> ArraySlice<UInt8> {
    let start = position
    while position < bytes.count, isTaken(bytes[position]) { position += 1 }
    return bytes[start..<position]
  }

  private static func trimmed(_ cell: ArraySlice<UInt8>) -> String {
    String(decoding: cell, as: UTF8.self).trimmingCharacters(in: .whitespaces)
  }
}

extension UInt8 {
  fileprivate static let comma = UInt8(ascii: ",")
  fileprivate static let quote = UInt8(ascii: "\"")
  fileprivate static let lineFeed = UInt8(ascii: "\n")
  fileprivate static let carriageReturn = UInt8(ascii: "\r")

  fileprivate var isBlank: Bool { self == UInt8(ascii: " ") || self == UInt8(ascii: "\t") }
  fileprivate var endsCell: Bool { self == .comma || self == .lineFeed || self == .carriageReturn }
}

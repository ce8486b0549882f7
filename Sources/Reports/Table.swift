import Files
import Foundation

/// A CSV file whose columns have names.
struct Table {
  let file: String
  let columns: [String]
  private let rows: [(line: Int, cells: [String])]

  /// - Throws: `InputError` when the file cannot be read, has no header, or has rows of another length.
  init(contentsOf url: URL) throws {
    let all = try CSV.rows(contentsOf: url)
    guard let header = all.first?.cells else {
      throw InputError(url.path, found: "an empty table", expected: "a header and a row for each entry")
    }
    for (line, cells) in all.dropFirst() where cells.count != header.count {
      throw InputError(
        url.path, found: "\(cells.count) cells in line \(line)", expected: "\(header.count), as in the header")
    }
    file = url.path
    columns = header
    rows = Array(all.dropFirst())
  }

  var count: Int { rows.count }

  /// The cells of a column.
  ///
  /// - Throws: `InputError` when there is no column of this name.
  func texts(_ name: String) throws -> [String] {
    guard let column = columns.firstIndex(of: name) else {
      throw InputError(file, found: "no column \(name)", expected: "the columns that hwsseg writes")
    }
    return rows.map { $0.cells[column] }
  }

  /// The numbers of a column; NaN for cells that are empty.
  ///
  /// - Throws: `InputError` when there is no column of this name, or a cell is not a number.
  func numbers(_ name: String) throws -> [Double] {
    try zip(texts(name), rows).map { text, row in
      if text.isEmpty { return .nan }
      guard let number = Double(text) else {
        throw InputError(file, found: "\(text) as \(name) in line \(row.line)", expected: "a number")
      }
      return number
    }
  }

  /// The whole numbers of a column, from 0.
  ///
  /// - Throws: `InputError` when there is no column of this name, or a cell is not such a number.
  func counts(_ name: String) throws -> [Int] {
    try zip(texts(name), rows).map { text, row in
      guard let number = Int(text), 0...1_000_000_000 ~= number else {
        throw InputError(file, found: "\(text) as \(name) in line \(row.line)", expected: "a whole number from 0")
      }
      return number
    }
  }
}

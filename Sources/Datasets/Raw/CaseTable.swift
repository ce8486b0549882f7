import Files
import Foundation

/// A table in a CSV file with a row for each case: `groups.csv` beside a data set, which says what subgroups the
/// patients belong to, or a table of sampling weights.
///
/// One column is `case`; each other one is an attribute, such as `group`. A cell may be empty.
public struct CaseTable: Sendable, Equatable {
  /// Names of the attributes, in the file's order.
  public let columns: [String]
  /// Cases in the file's order.
  public let caseNames: [String]
  private let cells: [String: [String: String]]

  /// - Throws: `InputError` when the file has no column `case`, a row of another length, or a case twice.
  public init(contentsOf url: URL) throws {
    try self.init(CSV.rows(contentsOf: url), file: url.path)
  }

  /// Reads a table from text; `file` is named in errors.
  ///
  /// - Throws: `InputError` as `init(contentsOf:)` does.
  public init(_ text: String, file: String) throws { try self.init(CSV.rows(text, file: file), file: file) }

  /// - Parameters:
  ///   - rows: cells, each row with the line it starts in, as from `CSV.rows`; the first one names the columns.
  ///   - file: named in errors.
  private init(_ rows: [(line: Int, cells: [String])], file: String) throws {
    guard let header = rows.first?.cells, let caseColumn = header.firstIndex(of: "case") else {
      throw InputError(file, found: "no column called case", expected: "a table with the header case,group")
    }
    guard Set(header).count == header.count else {
      throw InputError(file, found: "a column name twice", expected: "different names")
    }
    columns = header.filter { $0 != "case" }
    var names: [String] = []
    var cells: [String: [String: String]] = [:]
    for (line, row) in rows.dropFirst() {
      guard row.count == header.count else {
        throw InputError(
          file, found: "\(row.count) cells in line \(line)", expected: "\(header.count), as in the header")
      }
      let name = row[caseColumn]
      guard cells[name] == nil else { throw InputError(file, found: "case \(name) twice", expected: "a line a case") }
      names.append(name)
      cells[name] = Dictionary(uniqueKeysWithValues: zip(header, row))
    }
    caseNames = names
    self.cells = cells
  }

  /// What the table says of a case; `nil` when it says nothing.
  public func value(_ column: String, of caseName: String) -> String? {
    let cell = cells[caseName]?[column]
    return cell == "" ? nil : cell
  }

  /// The columns a report is broken down by: `group`, and every other whose values are names that recur. A column of numbers
  /// (an age), of remarks that are nearly all different, or without values is not one.
  public var categoricalColumns: [String] {
    columns.filter { column in
      let values = caseNames.compactMap { value(column, of: $0) }
      let distinct = Set(values)
      if distinct.isEmpty { return false }
      if column == "group" { return true }
      return distinct.count <= max(2, values.count / 2) && !distinct.allSatisfy { Double($0) != nil }
    }
  }
}

import Files
import Foundation

/// A CSV table with a row for each case, such as `groups.csv` beside a data set, which names the subgroups of the
/// patients, or a table of sampling weights.
///
/// The column `case` names the case. Each other column is an attribute, such as `group`. Cells may be empty.
public struct CaseTable: Sendable, Equatable {
  /// The names of the attributes, in the file's order.
  public let columns: [String]
  /// The names of the cases, in the file's order.
  public let caseNames: [String]
  private let cells: [String: [String: String]]

  /// Reads a CSV file.
  ///
  /// - Throws: `InputError` when there is no column `case`, when rows differ in length, or when a case occurs twice.
  public init(contentsOf url: URL) throws {
    try self.init(CSV.rows(contentsOf: url), file: url.path)
  }

  /// Reads a table from the text of a CSV file.
  ///
  /// - Parameters:
  ///   - text: The content of the file.
  ///   - file: The name of the file in error messages.
  /// - Throws: `InputError` in the same cases as ``init(contentsOf:)``.
  public init(_ text: String, file: String) throws { try self.init(CSV.rows(text, file: file), file: file) }

  /// - Parameters:
  ///   - rows: Each row's cells and the line where it starts. The first row names the columns.
  ///   - file: The name of the file in error messages.
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
      guard cells[name] == nil else {
        throw InputError(file, found: "case \(name) twice", expected: "one line per case")
      }
      names.append(name)
      cells[name] = Dictionary(uniqueKeysWithValues: zip(header, row))
    }
    caseNames = names
    self.cells = cells
  }

  /// The attribute of a case; `nil` when the cell is empty or does not exist.
  public func value(_ column: String, of caseName: String) -> String? {
    let cell = cells[caseName]?[column]
    return cell == "" ? nil : cell
  }

  /// The columns by which a report is broken down: `group`, and others with a few values that recur.
  ///
  /// Columns without values are left out. So are columns of numbers, such as ages, and of remarks: those with more than
  /// two different values, at more than half as many as there are cases with a value.
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

import Files
import Foundation

/// `groups.csv` beside a data set: which patients belong to which subgroup.
///
/// The first column is `case`; each further one is an attribute, `group` the usual one. A cell may be empty.
public struct Groups: Sendable, Equatable {
  /// Names of the attributes, in the file's order.
  public let columns: [String]
  /// Cases in the file's order.
  public let caseNames: [String]
  private let cells: [String: [String: String]]

  /// - Throws: `InputError` when the file has no column `case`, a row of another length, or a case twice.
  public init(contentsOf url: URL) throws {
    guard let text = try? String(contentsOf: url, encoding: .utf8) else {
      throw InputError(url.path, found: "no readable UTF-8 file", expected: "a table with the header case,group")
    }
    try self.init(text, file: url.path)
  }

  /// - Parameter file: named in errors.
  public init(_ text: String, file: String) throws {
    let rows = CSV.rows(text)
    guard let header = rows.first?.fields, let caseColumn = header.firstIndex(of: "case") else {
      throw InputError(file, found: "no column called case", expected: "a table with the header case,group")
    }
    guard Set(header).count == header.count else {
      throw InputError(file, found: "a column name twice", expected: "different names")
    }
    columns = header.filter { $0 != "case" }
    var names: [String] = []
    var cells: [String: [String: String]] = [:]
    for (line, fields) in rows.dropFirst() {
      guard fields.count == header.count else {
        throw InputError(
          file, found: "\(fields.count) cells in line \(line)", expected: "\(header.count), as in the header")
      }
      let name = fields[caseColumn]
      guard cells[name] == nil else { throw InputError(file, found: "case \(name) twice", expected: "a line a case") }
      names.append(name)
      cells[name] = Dictionary(uniqueKeysWithValues: zip(header, fields))
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

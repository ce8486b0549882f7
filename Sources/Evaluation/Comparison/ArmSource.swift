import Datasets
import Files
import Foundation

/// Where the scores of a method are: its name, and a CSV table for each of its trainings.
public struct ArmSource: Sendable {
  /// The name of the method.
  public let name: String
  /// The tables of scores, one for each training. Predictions are looked for beside them.
  public let tables: [URL]
  /// A column of the tables and the value that it has in the rows of the method; all rows when `nil`.
  public let only: (column: String, value: String)?

  /// Creates a source from its parts.
  public init(name: String, tables: [URL], only: (column: String, value: String)? = nil) {
    self.name = name
    self.tables = tables
    self.only = only
  }

  /// Finds methods in folders or tables of scores.
  ///
  /// - Parameter arms: One `[NAME=]PATH[,PATH…]` for each method, with a path for each training. A path is a CSV table,
  ///   a folder with `cases.csv`, or the model folder of a training; `*` stands for any characters of a name. Methods
  ///   without a name are named after the part of their first path in which they differ.
  /// - Throws: `InputError` when there is no such path.
  public static func find(_ arms: [String]) throws -> [ArmSource] {
    let parts = arms.map { arm in
      let equals = arm.firstIndex(of: "=").flatMap { arm[..<$0].contains("/") ? nil : $0 }
      return (
        name: equals.map { String(arm[..<$0]) },
        paths: arm[(equals.map { arm.index(after: $0) } ?? arm.startIndex)...].split(separator: ",").map(String.init)
      )
    }
    let tables = try zip(arms, parts).map { arm, parts in
      let tables = try parts.paths.flatMap(matches).map { try table(at: URL(fileURLWithPath: $0)) }
      guard !tables.isEmpty else {
        throw InputError(arm, found: "no path", expected: "a folder with cases.csv, or a table of scores")
      }
      return tables
    }
    let names = PathNames.distinct(tables.map { named($0[0]) })
    return zip(parts, zip(names, tables)).map { ArmSource(name: $0.name ?? $1.0, tables: $1.1) }
  }

  /// Finds methods in one table, in which a column names the method.
  ///
  /// - Parameters:
  ///   - names: The methods' names in the column.
  ///   - table: The table.
  ///   - column: The column that names the method.
  public static func find(_ names: [String], in table: URL, column: String) -> [ArmSource] {
    names.map { ArmSource(name: $0, tables: [table], only: (column, $0)) }
  }

  /// Whether every table has a column.
  ///
  /// - Throws: `InputError` when a table cannot be read.
  public func hasColumn(_ name: String) throws -> Bool {
    try tables.allSatisfy { try CSV.rows(contentsOf: $0).first?.cells.contains(name) ?? false }
  }

  /// The paths that a pattern stands for, in order.
  private static func matches(_ pattern: String) throws -> [String] {
    guard pattern.contains("*") else { return [pattern] }
    var found = glob_t()
    defer { globfree(&found) }
    guard glob(pattern, 0, nil, &found) == 0 else {
      throw InputError(pattern, found: "no such path", expected: "a pattern that some paths match")
    }
    return (0..<Int(found.gl_pathc)).compactMap { found.gl_pathv[$0].map { String(cString: $0) } }
  }

  /// The table of scores that a path means.
  private static func table(at url: URL) throws -> URL {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder) else {
      throw InputError(url.path, found: "no such file or folder", expected: "a folder with cases.csv, or a CSV table")
    }
    guard isFolder.boolValue else { return url }
    let candidates = ["cases.csv", "validation/cases.csv"].map { url.appendingPathComponent($0) }
    guard let file = candidates.first(where: { FileManager.default.fileExists(atPath: $0.path) }) else {
      throw InputError(
        url.path, found: "no cases.csv", expected: "the scores of each case",
        advice: "hwsseg evaluate writes them into the folder of predictions.")
    }
    return file
  }

  /// The path after which the table of a method is named: `cases.csv` has the same name everywhere.
  private static func named(_ table: URL) -> URL {
    table.lastPathComponent == "cases.csv" ? table.deletingLastPathComponent() : table.deletingPathExtension()
  }
}

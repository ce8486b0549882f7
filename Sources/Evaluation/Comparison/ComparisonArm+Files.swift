import Datasets
import Files
import Foundation

extension ComparisonArm {
  /// Reads arms from folders or tables of scores.
  ///
  /// - Parameters:
  ///   - arms: One `[NAME=]PATH[,PATH…]` for each arm, with a path for each training. A path is a CSV table, a folder
  ///     with `cases.csv`, or the model folder of a training; `*` stands for any characters of a name. Arms without a
  ///     name are named after the part of their first path in which they differ.
  ///   - columns: Which columns of the tables hold what.
  ///   - groups: A table that names the groups; the files' own column when left out.
  /// - Throws: `InputError` when there is no such path, or when a table cannot be used.
  public static func read(_ arms: [String], columns: ScoreColumns, groups: CaseTable?) throws -> [ComparisonArm] {
    let parts = arms.map { arm in
      let equals = arm.firstIndex(of: "=").flatMap { arm[..<$0].contains("/") ? nil : $0 }
      return (
        name: equals.map { String(arm[..<$0]) },
        paths: arm[(equals.map { arm.index(after: $0) } ?? arm.startIndex)...].split(separator: ",").map(String.init)
      )
    }
    let files = try zip(arms, parts).map { arm, parts in
      let files = try parts.paths.flatMap(matches).map { try scores(at: URL(fileURLWithPath: $0)) }
      guard !files.isEmpty else {
        throw InputError(arm, found: "no path", expected: "a folder with cases.csv, or a table of scores")
      }
      return files
    }
    let names = distinctNames(files.map { $0[0].standardizedFileURL.deletingPathExtension().pathComponents })
    return try zip(parts, zip(names, files)).map { parts, arm in
      try ComparisonArm(
        name: parts.name ?? arm.0, runs: arm.1.map { try ScoreTable(contentsOf: $0, columns: columns, groups: groups) })
    }
  }

  /// Reads arms from one table, in which a column names the arm.
  ///
  /// - Parameters:
  ///   - names: The arms' names in the column.
  ///   - url: The table.
  ///   - column: The column that names the arm.
  ///   - columns: Which other columns hold what.
  ///   - groups: A table that names the groups; the file's own column when left out.
  /// - Throws: `InputError` when the table cannot be used, or has no row of an arm.
  public static func read(
    _ names: [String], from url: URL, column: String, columns: ScoreColumns, groups: CaseTable?
  ) throws -> [ComparisonArm] {
    try names.map { name in
      let table = try ScoreTable(contentsOf: url, columns: columns, only: (column, name), groups: groups)
      return ComparisonArm(name: name, runs: [table])
    }
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
  private static func scores(at url: URL) throws -> URL {
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

  /// The last components that are not the same in all paths.
  private static func distinctNames(_ paths: [[String]]) -> [String] {
    var paths = paths
    while paths.allSatisfy({ $0.count > 1 && $0.last == paths[0].last }) { paths = paths.map { $0.dropLast() } }
    return paths.map { $0.last ?? "" }
  }
}

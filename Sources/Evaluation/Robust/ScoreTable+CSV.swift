import Datasets
import Files
import Foundation
import Statistics

extension ScoreTable {
  /// Reads scores from a CSV table with one row for each case and label, such as `cases.csv`.
  ///
  /// An empty score or NaN means that there is nothing to score. In `cases.csv`, whose columns `n_pred` and `n_ref` say
  /// whether a label was missed, missed labels get the scores that ``ScoreTable`` promises.
  ///
  /// - Parameters:
  ///   - url: The file.
  ///   - columns: Which columns hold what.
  ///   - only: A column and the value that it has in the rows to read; all rows when left out.
  ///   - groups: A table that names the groups; the file's own columns when left out.
  /// - Throws: `InputError` when a column is missing, when a score is not a number, when a case has two scores for a
  ///   label, or when it is in two groups.
  public init(
    contentsOf url: URL, columns: ScoreColumns, only: (column: String, value: String)? = nil, groups: CaseTable? = nil
  ) throws {
    let reader = try ScoreReader(contentsOf: url, columns: columns, only: only)
    var groupings = try reader.groupings()
    if let groups {
      groupings = Self.groupings(groups, of: reader.scores.keys)
      guard groupings.contains(where: { !$0.groups.isEmpty }) else {
        throw InputError(
          "--groups", found: "none of the \(reader.scores.count) cases of \(url.path)", expected: "a row for each case")
      }
    }
    self.init(
      score: columns.score, isHigherBetter: reader.isHigherBetter, labels: reader.labels,
      cases: reader.scores.mapValues { scores in reader.labels.map { scores[$0] ?? .nan } }, groupings: groupings)
  }
}

/// Reads the rows of a table of scores.
private struct ScoreReader {
  private(set) var labels: [String] = []
  /// The scores of each case by label.
  private(set) var scores: [String: [String: Double]] = [:]
  /// The cells of each case in the columns of groups.
  private var groups: [String: [String]] = [:]
  let isHigherBetter: Bool
  /// The columns of groups, and whether the user named one.
  private let groupColumns: [String]
  private let isGroupColumnNamed: Bool
  private let file: String
  private let header: [String]

  init(contentsOf url: URL, columns: ScoreColumns, only: (column: String, value: String)?) throws {
    let rows = try CSV.rows(contentsOf: url)
    file = url.path
    header = rows.first?.cells ?? []
    groupColumns = columns.group.map { [$0] } ?? Self.attributes(header)
    isGroupColumnNamed = columns.group != nil
    isHigherBetter = columns.isHigherBetter ?? Metric(rawValue: columns.score)?.isHigherBetter ?? true
    let label = columns.label ?? ["name", "label"].first(where: header.contains)
    let caseIndex = try index(columns.caseName)
    let scoreIndex = try index(columns.score)
    let labelIndex = try label.map(index)
    let groupIndices = try groupColumns.map(index)
    let filter = try only.map { (index: try index($0.column), value: $0.value) }
    for (line, cells) in rows.dropFirst() {
      guard cells.count == header.count else {
        throw InputError(
          file, found: "\(cells.count) cells in line \(line)", expected: "\(header.count), as in the header")
      }
      if let filter, cells[filter.index] != filter.value { continue }
      let (name, label) = (cells[caseIndex], labelIndex.map { cells[$0] } ?? columns.score)
      guard scores[name]?[label] == nil else {
        throw InputError(
          file, found: "case \(name) with label \(label) again in line \(line)", expected: "one row per case and label",
          advice: "If another column tells the rows apart, such as the method, choose its value.")
      }
      if !labels.contains(label) { labels.append(label) }
      scores[name, default: [:]][label] = try score(cells, scoreIndex, line)
      try record(groupIndices.map { cells[$0] }, of: name)
    }
    guard !scores.isEmpty else {
      let rows = filter == nil ? "row" : "row with \(only?.value ?? "") in the column \(only?.column ?? "")"
      throw InputError(file, found: "no \(rows)", expected: "a row for each case and label")
    }
  }

  /// The groups that the columns tell apart; of our own files' columns, those that a report is broken down by.
  func groupings() throws -> [ScoreTable.Grouping] {
    guard isGroupColumnNamed else {
      let rows = groups.sorted { $0.key < $1.key }.map { [$0.key] + $0.value }
      let table = try CaseTable(CSV.text([["case"] + groupColumns] + rows), file: file)
      return ScoreTable.groupings(table, of: scores.keys)
    }
    let named = groups.compactMapValues { $0[0].isEmpty ? nil : $0[0] }
    return named.isEmpty ? [] : [ScoreTable.Grouping(column: groupColumns[0], groups: named)]
  }

  /// The columns that name groups when the user names none: in `cases.csv` all between the case and the label.
  private static func attributes(_ header: [String]) -> [String] {
    guard header.first == "case", header.contains("name"), let label = header.firstIndex(of: "label") else {
      return header.contains("group") ? ["group"] : []
    }
    return Array(header[1..<label])
  }

  private func index(_ column: String) throws -> Int {
    guard let index = header.firstIndex(of: column) else {
      throw InputError(
        file, found: "no column \(column) among \(header.joined(separator: ", "))",
        expected: "columns for the case and the score, and perhaps the group and the label",
        advice: "Name the columns with --case-column, --group-column, --label-column and --score-column.")
    }
    return index
  }

  private func score(_ cells: [String], _ column: Int, _ line: Int) throws -> Double {
    let cell = cells[column]
    guard let score = cell.isEmpty ? .nan : Double(cell), !score.isInfinite else {
      throw InputError(
        file, found: "\"\(cell)\" as \(header[column]) in line \(line)", expected: "a finite number, NaN or nothing",
        advice: "Give a missed label a score as well, such as the image's diagonal for a distance.")
    }
    guard score.isNaN, let predicted = count("n_pred", cells), let expected = count("n_ref", cells) else {
      return score
    }
    // In neither volume there is nothing to score. In one of them, the label was missed or made up.
    if predicted + expected == 0 { return .nan }
    if isHigherBetter { return 0 }
    guard let diagonal = header.firstIndex(of: "diagonal").flatMap({ Double(cells[$0]) }) else {
      throw InputError(
        file, found: "no diagonal for the missed label in line \(line)", expected: "the image's diagonal in mm",
        advice: "Write the file anew with hwsseg evaluate.")
    }
    return diagonal
  }

  private func count(_ column: String, _ cells: [String]) -> Double? {
    header.firstIndex(of: column).flatMap { Double(cells[$0]) }
  }

  private mutating func record(_ cells: [String], of name: String) throws {
    guard let known = groups[name] else {
      groups[name] = cells
      return
    }
    for (index, cell) in cells.enumerated() where !cell.isEmpty && cell != known[index] {
      guard known[index].isEmpty else {
        throw InputError(
          file, found: "case \(name) in the groups \(known[index]) and \(cell)", expected: "one group per case")
      }
      groups[name]?[index] = cell
    }
  }
}

extension ScoreTable {
  /// The groupings of a table of groups, `group` first.
  static func groupings(_ table: CaseTable, of cases: some Collection<String>) -> [Grouping] {
    let columns = table.categoricalColumns
    return (columns.filter { $0 == "group" } + columns.filter { $0 != "group" }).map { column in
      Grouping(column: column, groups: cases.reduce(into: [:]) { $0[$1] = table.value(column, of: $1) })
    }
  }
}

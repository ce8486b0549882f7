import Datasets
import Evaluation
import Files
import Foundation

/// One or more evaluations of the same labels, side by side, with the groups of their cases.
struct Evaluations {
  /// An evaluation and the name that tells it from the others.
  struct Arm {
    let name: String
    let scores: CaseScores
  }

  /// The cases of one group.
  struct Group {
    let name: String
    let cases: [String]
  }

  /// What a score is about: a label, or the mean over the labels.
  struct Target {
    let name: String
    /// `nil` for the mean.
    let label: Int?
  }

  let arms: [Arm]
  /// The cases of any evaluation, by name.
  let cases: [String]
  private let table: CaseTable

  /// - Parameters:
  ///   - scores: At least one evaluation.
  ///   - groups: The table of groups; when left out, the groups that the first evaluation names.
  /// - Throws: `InputError` when evaluations differ in their labels.
  init(_ scores: [CaseScores], groups: CaseTable?) throws {
    for other in scores.dropFirst() where other.labels != scores[0].labels {
      throw InputError(
        other.folder.path, found: "the labels \(other.labels.joined(separator: ", "))",
        expected: "those of \(scores[0].folder.path): \(scores[0].labels.joined(separator: ", "))")
    }
    let names = try ArmNames.names(of: scores.map(\.folder))
    arms = zip(names, scores).map { Arm(name: $0, scores: $1) }
    cases = Set(scores.flatMap(\.cases)).sorted()
    table = groups ?? scores[0].groups
  }

  /// The mean of the labels, if there is more than one label, and each label.
  var targets: [Target] {
    let labels = arms[0].scores.labels.enumerated().map { Target(name: $1, label: $0) }
    return (labels.count > 1 ? [Target(name: "mean of the labels", label: nil)] : []) + labels
  }

  /// The columns by which cases are grouped; the first also decides the colors.
  var columns: [String] {
    let columns = table.categoricalColumns
    return columns.filter { $0 == "group" } + columns.filter { $0 != "group" }
  }

  /// The groups of a column by name; without a column, all cases as one group without a name.
  func groups(_ column: String?) -> [Group] {
    guard let column else { return [Group(name: "", cases: cases)] }
    let members = Dictionary(grouping: cases) { table.value(column, of: $0) ?? "no group" }
    return members.map { Group(name: $0, cases: $1) }.sorted { $0.name < $1.name }
  }

  /// The group of a case in the first column.
  func group(of name: String) -> String? { columns.first.flatMap { table.value($0, of: name) } }
}

/// Names for folders, as short as tells them apart.
enum ArmNames {
  /// The last part of each path in which the folders differ: `uniform` and `hardness` for
  /// `uniform/predictions` and `hardness/predictions`.
  ///
  /// - Throws: `InputError` when a folder is given twice.
  static func names(of folders: [URL]) throws -> [String] {
    let paths = folders.map { Array($0.standardizedFileURL.pathComponents.reversed()) }
    for (index, path) in paths.enumerated() where paths[..<index].contains(path) {
      throw InputError(folders[index].path, found: "the same folder twice", expected: "different folders")
    }
    let depth = paths.map(\.count).max() ?? 0
    for length in 0..<depth {
      let names = paths.map { $0.count > length ? $0[length] : "" }
      if Set(names).count == names.count { return names }
    }
    return folders.map(\.path)
  }
}

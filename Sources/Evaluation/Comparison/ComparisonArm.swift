import Datasets
import Files

/// One side of a comparison: a method, with the scores of one or several trainings of it.
public struct ComparisonArm: Sendable {
  /// The name of the method.
  public let name: String
  /// The scores of each training, such as with another seed; at least one, all of the same cases and labels.
  public let runs: [ScoreTable]

  /// Creates an arm from its parts.
  public init(name: String, runs: [ScoreTable]) {
    self.name = name
    self.runs = runs
  }

  /// Reads the scores of a method.
  ///
  /// - Parameters:
  ///   - source: The method's tables.
  ///   - columns: Which columns of the tables hold what.
  ///   - groups: A table that names the groups; the tables' own columns when left out.
  /// - Throws: `InputError` when a table cannot be used, or has no row of the method.
  public init(_ source: ArmSource, columns: ScoreColumns, groups: CaseTable? = nil) throws {
    self.init(
      name: source.name,
      runs: try source.tables.map {
        try ScoreTable(contentsOf: $0, columns: columns, only: source.only, groups: groups)
      })
  }

  /// The arms with the labels in the order of the first training, and with its groups.
  ///
  /// - Throws: `InputError` when two arms have the same name, or when trainings were not scored on the same cases and
  ///   labels.
  package static func aligned(_ arms: [ComparisonArm]) throws -> [ComparisonArm] {
    guard Set(arms.map(\.name)).count == arms.count else {
      throw InputError(
        "the arms", found: arms.map(\.name).joined(separator: ", "), expected: "different names",
        advice: "Arms of the same name are told apart by NAME=PATH.")
    }
    guard let first = arms.first, let reference = first.runs.first else { return arms }
    return try arms.map { arm in
      try ComparisonArm(
        name: arm.name,
        runs: arm.runs.map { run in
          try check(run.caseNames, reference.caseNames, "cases", arm.name, first.name)
          try check(run.labels, reference.labels, "labels", arm.name, first.name)
          return run.aligned(with: reference)
        })
    }
  }

  private static func check(
    _ found: [String], _ expected: [String], _ what: String, _ arm: String, _ reference: String
  ) throws {
    let missing = Set(expected).subtracting(found).sorted()
    let surplus = Set(found).subtracting(expected).sorted()
    guard missing.isEmpty, surplus.isEmpty else {
      let (name, names) = missing.isEmpty ? (reference, surplus) : (arm, missing)
      let list = names.prefix(10).joined(separator: ", ") + (names.count > 10 ? ", …" : "")
      throw InputError(
        name, found: "no score for \(names.count) \(what): \(list)", expected: "the same \(what) in all trainings")
    }
  }
}

import ArgumentParser
import Datasets
import Evaluation
import Files
import Foundation

/// `hwsseg compare`: compares the scores of two or more methods, case by case.
struct CompareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare",
    abstract: "Compares the scores of methods on the same cases: who is better, for whom, and how certain that is.",
    discussion: """
      An arm is [NAME=]PATH[,PATH…]: a folder that evaluate has written cases.csv to, or a CSV table of scores; one \
      path for each training, as in hardness=r/h-1,r/h-2,r/h-3 or hardness='r/h-*'. The others are compared with the \
      first. With --arm-column, arms are values of that column in the table given by --scores.
      """)

  @Argument(help: "The arms, at least two.")
  var arms: [String]

  @Option(help: "A CSV table with the scores of all arms; needs --arm-column.")
  var scores: URL?

  @Option(help: "The column of that table that names the arm.")
  var armColumn: String?

  @OptionGroup var options: ScoreOptions

  @Flag(help: "Print JSON: everything in the tables, each label by group, and each case.")
  var json = false

  func validate() throws {
    guard arms.count > 1 else { throw ValidationError("name at least two arms to compare") }
    guard (scores == nil) == (armColumn == nil) else { throw ValidationError("--scores and --arm-column go together") }
  }

  func run() throws {
    let groups = try options.groups.map { try CaseTable(contentsOf: $0) }
    let read =
      if let scores, let armColumn {
        try ComparisonArm.read(arms, from: scores, column: armColumn, columns: options.columns, groups: groups)
      } else {
        try ComparisonArm.read(arms, columns: options.columns, groups: groups)
      }
    let comparison = try Comparison(read)
    print(json ? comparison.json().text : comparison.text(), terminator: "")
  }
}

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
      \(ArmOptions.arm) The others are compared with the first. With --arm-column, arms are values of that column in \
      the table given by --scores.
      """)

  @Argument(help: "The arms, at least two.")
  var arms: [String]

  @OptionGroup var armOptions: ArmOptions

  @OptionGroup var options: ScoreOptions

  @Flag(help: "Print JSON: everything in the tables, each label by group, and each case.")
  var json = false

  func validate() throws {
    guard arms.count > 1 else { throw ValidationError("name at least two arms to compare") }
  }

  func run() throws {
    let groups = try options.groups.map { try CaseTable(contentsOf: $0) }
    let comparison = try Comparison(
      armOptions.sources(arms).map { try ComparisonArm($0, columns: options.columns, groups: groups) })
    print(json ? comparison.json().text : comparison.text(), terminator: "")
  }
}

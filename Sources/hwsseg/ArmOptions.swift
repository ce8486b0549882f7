import ArgumentParser
import Evaluation
import Foundation

/// Options that say where the scores of methods are, by the verbs that put methods side by side.
struct ArmOptions: ParsableArguments {
  /// What an argument that names an arm looks like.
  static let arm = """
    An arm is [NAME=]PATH[,PATH…]: a folder that evaluate has written cases.csv to, or a CSV table of scores; one path \
    for each training, as in hardness=r/h-1,r/h-2,r/h-3 or hardness='r/h-*'.
    """

  @Option(help: "A CSV table with the scores of all arms; needs --arm-column.")
  var scores: URL?

  @Option(help: "The column of that table that names the arm.")
  var armColumn: String?

  func validate() throws {
    guard (scores == nil) == (armColumn == nil) else { throw ValidationError("--scores and --arm-column go together") }
  }

  /// Where the scores of the arms are.
  ///
  /// - Throws: `InputError` when there is no such path.
  func sources(_ arms: [String]) throws -> [ArmSource] {
    guard let scores, let armColumn else { return try ArmSource.find(arms) }
    return ArmSource.find(arms, in: scores, column: armColumn)
  }
}

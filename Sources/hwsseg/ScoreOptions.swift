import ArgumentParser
import Datasets
import Evaluation
import Foundation

/// Options that say how a CSV table of scores is read, by the verbs that take one.
struct ScoreOptions: ParsableArguments {
  @Option(help: "The table's column that names the case; case when left out.")
  var caseColumn: String?

  @Option(help: "The table's column that names the group; group when left out.")
  var groupColumn: String?

  @Option(help: "The table's column that names the label; name or label when left out.")
  var labelColumn: String?

  @Option(help: "The table's column with the score, such as HD95; Dice when left out.")
  var scoreColumn: String?

  @Flag(help: "Lower scores are better; hwsseg knows this of its own metrics.")
  var lowerIsBetter = false

  @Option(
    help:
      "The table of groups; when left out, groups.csv beside the references' folder, or the scores' own column."
  )
  var groups: URL?

  /// Whether any of them says how a table is read.
  var describeTable: Bool {
    [caseColumn, groupColumn, labelColumn, scoreColumn].contains { $0 != nil } || lowerIsBetter
  }

  var columns: ScoreColumns {
    var columns = ScoreColumns()
    if let caseColumn { columns.caseName = caseColumn }
    columns.group = groupColumn
    columns.label = labelColumn
    if let scoreColumn { columns.score = scoreColumn }
    if lowerIsBetter { columns.isHigherBetter = false }
    return columns
  }
}

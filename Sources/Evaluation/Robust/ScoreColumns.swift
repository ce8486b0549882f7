/// Which columns of a CSV table of scores hold what.
public struct ScoreColumns: Sendable {
  /// The column that names the case.
  public var caseName = "case"
  /// The column that names the group; when `nil`, `group` if there is such a column.
  public var group: String?
  /// The column that names the label; when `nil`, `name` or `label`. Without either, all rows are of one label.
  public var label: String?
  /// The column with the score.
  public var score = Metric.dice.rawValue
  /// Whether higher scores are better; when `nil`, as for the metric of that name, and true for other names.
  public var isHigherBetter: Bool?

  /// The columns of `cases.csv`, with Dice as the score.
  public init() {}
}

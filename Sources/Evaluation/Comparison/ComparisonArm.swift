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
}

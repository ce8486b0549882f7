import Datasets
import Statistics

/// One score for each case and label, whichever program computed them: what summaries and comparisons are made of.
///
/// A missing structure counts. Where a label is in the reference but not in the prediction, or the other way round, an
/// overlap is 0 and a distance is the image's diagonal. Where it is in neither, there is nothing to score: the score is
/// NaN, and the case is left out for this label and counted as such.
public struct ScoreTable: Sendable {
  /// An attribute of the cases that divides them into groups.
  public struct Grouping: Sendable, Equatable {
    /// The name of the attribute, such as `group` or `scanner`.
    public let column: String
    /// The group of each case that has one.
    public let groups: [String: String]

    /// Creates a grouping from its parts.
    public init(column: String, groups: [String: String]) {
      self.column = column
      self.groups = groups
    }

    /// The names of the groups in order.
    public var names: [String] { Set(groups.values).sorted() }
  }

  /// The name of the score, such as `Dice`.
  public let score: String
  /// Whether higher scores are better.
  public let isHigherBetter: Bool
  /// The names of the labels.
  public let labels: [String]
  /// The names of the cases in order.
  public let caseNames: [String]
  /// The attributes that divide the cases into groups.
  public let groupings: [Grouping]
  /// For each label, the score of each case in the order of `caseNames`; NaN where there is nothing to score.
  public internal(set) var values: [[Double]]
  /// A score worse than this is a failure; `nil` when failures are not counted.
  public var failureThreshold: Double?

  /// Creates a table.
  ///
  /// - Parameters:
  ///   - score: The name of the score.
  ///   - isHigherBetter: Whether higher scores are better.
  ///   - labels: The names of the labels.
  ///   - cases: The scores of each case, one for each label.
  ///   - groupings: The attributes that divide the cases into groups.
  public init(
    score: String, isHigherBetter: Bool, labels: [String], cases: [String: [Double]], groupings: [Grouping] = []
  ) {
    let names = cases.keys.sorted()
    self.score = score
    self.isHigherBetter = isHigherBetter
    self.labels = labels
    caseNames = names
    values = labels.indices.map { label in names.map { cases[$0]?[label] ?? .nan } }
    self.groupings = groupings
  }

  /// The robust scores of an evaluation.
  public init(_ summary: EvaluationSummary, metric: Metric) {
    let groupings = summary.groups.map { Self.groupings($0, of: summary.cases.map(\.name)) } ?? []
    self.init(
      score: metric.rawValue, isHigherBetter: metric.isHigherBetter, labels: summary.targets.map(\.name),
      cases: Dictionary(
        uniqueKeysWithValues: summary.cases.map { item in
          (item.name, item.metrics.indices.map { item.robustScore(metric, of: $0) })
        }), groupings: groupings)
  }

  /// The name of the row for each case's mean over the labels.
  public static let meanOfLabels = "mean of the labels"

  /// The scores of each label and, where there are several labels, first each case's mean over those that have a score.
  public var rows: [(name: String, values: [Double])] {
    let labels = zip(labels, values).map { (name: $0, values: $1) }
    guard labels.count > 1 else { return labels }
    let means = caseNames.indices.map { index in
      SampleMoments.mean(values.map { $0[index] }.filter { !$0.isNaN })
    }
    return [(Self.meanOfLabels, means)] + labels
  }
}

extension CaseEvaluation {
  /// A metric by the convention of ``ScoreTable``.
  func robustScore(_ metric: Metric, of target: Int) -> Double {
    let found = metrics[target]
    if found.predicted == 0 && found.expected == 0 { return .nan }
    if found.predicted == 0 || found.expected == 0 { return metric.isHigherBetter ? 0 : diagonal }
    return found[metric]
  }
}

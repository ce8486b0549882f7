import Statistics

/// The group with the worst mean, and how far it lies behind the best.
///
/// Its intervals come from drawing within each group, whose sizes stay as they are. Of several trainings, the figures
/// are means over them, and the worst group may be another one in each; the groups named are those of all together.
public struct GroupGap: Sendable {
  /// The group with the worst mean.
  public let worstGroup: String
  /// Its mean.
  public let worstMean: Estimate
  /// The group with the best mean.
  public let bestGroup: String
  /// The distance between the means of the two.
  public let gap: Estimate

  /// - Parameters:
  ///   - groups: The names of at least two groups, each with the scores of each training, none of them NaN.
  ///   - isHigherBetter: Whether higher scores are better.
  ///   - bootstrap: Draws the cases and the trainings.
  init?(_ groups: [(name: String, scores: [[Double]])], isHigherBetter: Bool, bootstrap: Bootstrap) {
    guard groups.count > 1 else { return nil }
    let trainings = groups[0].scores.count
    let mean = TrainingMean(trainings: trainings, degreesOfFreedom: trainings - 1, level: bootstrap.level)
    let estimates = bootstrap.estimates(sizes: groups.map { $0.scores[0].count } + [trainings]) { multiplicities in
      mean(multiplicities[groups.count], count: 2) { training in
        let means = zip(groups, multiplicities).map { Self.mean($0.scores[training], $1) }
        let (lowest, highest) = (means.min() ?? .nan, means.max() ?? .nan)
        return [isHigherBetter ? lowest : highest, highest - lowest]
      }
    }
    let ordered = groups.map { ($0.name, SampleMoments.mean($0.scores.flatMap { $0 })) }.sorted { $0.1 < $1.1 }
      .map(\.0)
    worstGroup = isHigherBetter ? ordered[0] : ordered[ordered.count - 1]
    bestGroup = isHigherBetter ? ordered[ordered.count - 1] : ordered[0]
    worstMean = estimates[0]
    gap = estimates[1]
  }

  /// The mean of scores that count several times.
  static func mean(_ scores: [Double], _ multiplicities: [Int]) -> Double {
    var (sum, count) = (0.0, 0)
    for (score, multiplicity) in zip(scores, multiplicities) {
      sum += score * Double(multiplicity)
      count += multiplicity
    }
    return sum / Double(count)
  }
}

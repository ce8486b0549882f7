/// Scores from the worst to the best, from which resamples follow in order without being sorted again.
struct RankedScores: Sendable {
  /// The scores, the worst first.
  private let values: [Double]
  /// The position of each score among the observations.
  private let observations: [Int]

  /// - Parameters:
  ///   - scores: One for each observation, none of them NaN.
  ///   - isHigherBetter: Whether higher scores are better.
  init(_ scores: [Double], isHigherBetter: Bool) {
    observations = scores.indices.sorted { isHigherBetter ? scores[$0] < scores[$1] : scores[$0] > scores[$1] }
    values = observations.map { scores[$0] }
  }

  /// Each score as often as its observation counts, the worst first.
  func worstFirst(_ multiplicities: [Int]) -> [Double] {
    var drawn: [Double] = []
    drawn.reserveCapacity(values.count)
    for (value, observation) in zip(values, observations) {
      for _ in 0..<multiplicities[observation] { drawn.append(value) }
    }
    return drawn
  }
}

import Testing

@testable import HardnessWeighting

/// Protects what estimates of hardness begin from: scores and groups count as far as they have predicted the visits.
@Suite struct PriorMeanTests {
  private static let cases = 200

  /// An estimator after `visits` noisy visits of each case, whose true hardness is given.
  private static func estimator(
    _ truth: [Double], visits: Int, scores: [Double?]? = nil, groups: [Int]? = nil
  ) -> HardnessEstimator {
    var random = SplitMix64(seed: 7)
    var estimator = HardnessEstimator(caseCount: truth.count)
    estimator.scores = scores
    estimator.groups = groups
    for _ in 0..<visits {
      for index in truth.indices {
        estimator.record(Visit(caseIndex: index, signal: 1 + truth[index] + 0.3 * random.normal()))
      }
    }
    for _ in 0..<3 { estimator.refit() }
    return estimator
  }

  private static func error(_ estimator: HardnessEstimator, _ truth: [Double]) -> Double {
    let means = truth.indices.map { estimator.estimate(of: $0).mean }
    let (a, b) = (means.reduce(0, +) / Double(cases), truth.reduce(0, +) / Double(cases))
    let squares = zip(means, truth).reduce(0) { $0 + ($1.0 - a - $1.1 + b) * ($1.0 - a - $1.1 + b) }
    return (squares / Double(cases)).squareRoot()
  }

  /// A score that predicts hardness makes estimates after two visits much better; in what unit does not matter.
  @Test(arguments: [1, 50.0]) func scoresHelp(unit: Double) {
    var random = SplitMix64(seed: 1)
    let truth = (0..<Self.cases).map { _ in 0.1 * random.normal() }
    let scores = truth.map { Optional(unit * ($0 + 0.03 * random.normal()) + 7) }
    let without = Self.error(Self.estimator(truth, visits: 2), truth)
    let with = Self.error(Self.estimator(truth, visits: 2, scores: scores), truth)
    #expect(with < 0.6 * without)
  }

  /// A score that has nothing to do with hardness, or the opposite of it, does no harm.
  @Test(arguments: [0, -1.0]) func wrongScoresAreNotFollowed(sign: Double) {
    var random = SplitMix64(seed: 2)
    let truth = (0..<Self.cases).map { _ in 0.1 * random.normal() }
    let scores = truth.map { Optional(sign * $0 + random.normal() * (sign == 0 ? 1 : 0)) }
    let without = Self.error(Self.estimator(truth, visits: 2), truth)
    let with = Self.error(Self.estimator(truth, visits: 2, scores: scores), truth)
    #expect(with < 1.1 * without)
  }

  /// Of cases with two visits in a hard group of ten, the estimates know that the group is hard; groups without a
  /// difference do no harm.
  @Test(arguments: [0.3, 0]) func groupsArePooled(difference: Double) {
    var random = SplitMix64(seed: 3)
    let groups = (0..<Self.cases).map { $0 < 10 ? 1 : 0 }
    let truth = groups.map { 0.05 * random.normal() + difference * Double($0) }
    let without = Self.estimator(truth, visits: 2)
    let with = Self.estimator(truth, visits: 2, groups: groups)
    #expect(Self.error(with, truth) < (difference > 0 ? 0.85 : 1.05) * Self.error(without, truth))
    guard difference > 0 else { return }
    // The others come out lower in the long run of means, so that the hard group's members all stand out.
    let hard = (0..<10).map { with.estimate(of: $0).mean }.min() ?? 0
    let easy = (10..<Self.cases).map { with.estimate(of: $0).mean }.reduce(0, +) / Double(Self.cases - 10)
    #expect(hard - easy > 0.1)
  }

  /// Scores that are known for some cases only, and cases without visits, are no fault.
  @Test func unknownScoresCountAsTypical() {
    let truth = (0..<Self.cases).map { Double($0 % 5) / 10 }
    let scores = truth.enumerated().map { $0.offset % 2 == 0 ? Optional($0.element) : nil }
    let estimator = Self.estimator(truth, visits: 3, scores: scores)
    #expect(estimator.prior(of: 4) > estimator.prior(of: 1) && estimator.prior(of: 1) == estimator.center)
    #expect((0..<Self.cases).allSatisfy { estimator.estimate(of: $0).mean.isFinite })
  }
}

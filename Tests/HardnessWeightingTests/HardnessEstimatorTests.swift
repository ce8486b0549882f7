import Foundation
import Testing

@testable import HardnessWeighting

/// Protects the estimate of hardness that draws follow, in simulated trainings: noise, age and the kind of a patch must
/// not be taken for hardness, and hardness must be found.
@Suite struct HardnessEstimatorTests {
  static let cases = 160
  static let hard = 16

  /// The sampler's recommended settings.
  private static var options: HardnessOptions { .estimating() }

  /// The losses of the cases: normal with a standard deviation of 0.05, the first tenth 0.1 harder.
  private static func hardness(seed: UInt64) -> [Double] {
    var random = SplitMix64(seed: 1000 + seed)
    return (0..<cases).map { 0.05 * random.normal() + ($0 < hard ? 0.1 : 0) }
  }

  /// Draws batches of two, and counts the draws of each case from step `from` on.
  private static func draws(
    steps: Int, from: Int = 0, seed: UInt64, options: HardnessOptions = options,
    visit: (_ index: Int, _ step: Int, _ random: inout SplitMix64) -> Visit
  ) throws -> [Double] {
    var sampler = try HardnessWeightedSampler(caseCount: cases, options: options, seed: seed)
    var random = SplitMix64(seed: 77 + seed)
    var counts = Array(repeating: 0.0, count: cases)
    for step in 0..<steps {
      let batch = try sampler.draw(2)
      if step >= from { for index in batch { counts[index] += 1 } }
      try sampler.record(batch.map { visit($0, step, &random) })
    }
    return counts
  }

  /// The share of the draws that the hard tenth gets, as a mean over seeds.
  private static func hardShare(
    steps: Int, from: Int, options: HardnessOptions = options,
    signal: (_ hardness: Double, _ index: Int, _ step: Int, _ random: inout SplitMix64) -> Double
  ) throws -> Double {
    let seeds: [UInt64] = [1, 2, 3]
    return try seeds.reduce(0) { sum, seed in
      let hardness = hardness(seed: seed)
      let counts = try draws(steps: steps, from: from, seed: seed, options: options) { index, step, random in
        Visit(caseIndex: index, signal: signal(hardness[index], index, step, &random))
      }
      return sum + counts[..<hard].reduce(0, +) / counts.reduce(0, +) / Double(seeds.count)
    }
  }

  /// Identical cases stay uniform however noisy they are: no case leaves 1/n by more than three times its counting
  /// error and a tenth, and noise earns nothing.
  @Test func identicalCasesStayUniform() throws {
    var random = SplitMix64(seed: 5)
    let noise = (0..<Self.cases).map { _ in 0.02 + 0.28 * random.uniform() }
    let counts = try Self.draws(steps: 5000, seed: 3) { index, _, random in
      Visit(caseIndex: index, signal: noise[index] * random.normal())
    }
    let expected = 10_000 / Double(Self.cases)
    for count in counts { #expect(abs(count - expected) <= 3 * expected.squareRoot() + 0.1 * expected) }
    let noisy = noise.indices.filter { noise[$0] > 0.16 }
    let noisyDraws = noisy.reduce(0) { $0 + counts[$1] } / Double(noisy.count)
    #expect(abs(noisyDraws / expected - 1) < 0.05)
  }

  /// With patches four times as noisy as the others', hard cases are found and not starved.
  @Test func noisyHardCasesAreNotStarved() throws {
    let share = try Self.hardShare(steps: 8000, from: 1000) { hardness, index, _, random in
      hardness + (index < Self.hard ? 0.2 : 0.05) * random.normal()
    }
    #expect(share >= 0.30)
  }

  /// While all losses fall by 1.5, in a short training or a long one, an old loss is not taken for a high one.
  @Test(arguments: [(1000, 200), (4000, 1000)]) func ageIsNotTakenForHardness(steps: Int, from: Int) throws {
    let share = try Self.hardShare(steps: steps, from: from) { hardness, _, step, random in
      hardness + 0.05 * random.normal() - 1.5 * Double(step) / Double(steps)
    }
    #expect(share >= 0.30)
  }

  /// Without noise and trend the estimate is no worse than the last loss.
  @Test func idealCaseIsNoWorse() throws {
    func share(_ options: HardnessOptions) throws -> Double {
      try Self.hardShare(steps: 4000, from: 1000, options: options) { hardness, _, _, random in
        hardness + 0.001 * random.normal()
      }
    }
    let lastLoss = try share(HardnessOptions(beta: .effectiveSampleSize(0.3)))
    #expect(try share(Self.options) >= lastLoss - 0.02)
  }

  /// A patch without some class has another loss. Cases that differ only in how often that happens are drawn alike.
  @Test func kindOfPatchIsNotTakenForHardness() throws {
    let absence = (0..<Self.cases).map { 0.7 * Double($0 % 2) }
    let counts = try Self.draws(steps: 8000, from: 1000, seed: 4) { index, _, random in
      let isAbsent = random.uniform() < absence[index]
      return Visit(
        caseIndex: index, signal: (isAbsent ? -0.3 : 0) + 0.05 * random.normal(), kind: isAbsent ? 1 : 0)
    }
    let odd = stride(from: 1, to: Self.cases, by: 2).reduce(0) { $0 + counts[$1] }
    let all = counts.reduce(0, +)
    #expect(abs(odd / all - 0.5) <= 0.05)
  }

  /// A case that becomes hard or easy is followed for more than half of the way within three visits.
  @Test(arguments: [0.3, -0.3])
  func changeIsFollowed(change: Double) {
    var followed = 0.0
    for seed in 0..<20 {
      let hardness = Self.hardness(seed: UInt64(seed))
      var random = SplitMix64(seed: UInt64(seed))
      var estimator = HardnessEstimator(caseCount: Self.cases)
      for _ in 0..<30 {
        for index in 0..<Self.cases {
          estimator.record(Visit(caseIndex: index, signal: hardness[index] + 0.05 * random.normal()))
        }
      }
      estimator.refit()
      let before = estimator.estimate(of: 20).mean
      for _ in 0..<3 {
        estimator.record(Visit(caseIndex: 20, signal: hardness[20] + change + 0.05 * random.normal()))
      }
      followed += (estimator.estimate(of: 20).mean - before) / change / 20
    }
    #expect(followed > 0.5)
  }

  /// Mean and variance over cases are those the signals were made with, and errors are what they say.
  @Test func estimatesAreCalibrated() {
    var random = SplitMix64(seed: 9)
    let truth = (0..<2000).map { _ in 0.1 * random.normal() }
    var estimator = HardnessEstimator(caseCount: truth.count)
    for _ in 0..<8 {
      for index in truth.indices {
        estimator.record(Visit(caseIndex: index, signal: 3 + truth[index] + 0.2 * random.normal()))
      }
    }
    estimator.refit()
    #expect(abs(estimator.betweenVariance.squareRoot() - 0.1) < 0.02)
    let scores = truth.indices.map { index -> Double in
      let estimate = estimator.estimate(of: index)
      return (estimate.mean - estimator.center - truth[index]) / estimate.standardError
    }
    let spread = (scores.reduce(0) { $0 + $1 * $1 } / Double(scores.count)).squareRoot()
    #expect(abs(spread - 1) < 0.15)
  }

  /// Rules on losses share the estimate. By the last loss, CVaR never sees a noisy hard case again; by the
  /// estimate, and with refreshes, it finds the hard cases and no case waits forever.
  @Test func rulesShareTheEstimate() throws {
    func share(_ estimate: HardnessEstimator.Options?, refresh: Double) throws -> (hard: Double, rarest: Double) {
      var (hard, rarest) = (0.0, Double.infinity)
      for seed in UInt64(1)...3 {
        let hardness = Self.hardness(seed: seed)
        var sampler = try StaleLossSampler(
          caseCount: Self.cases, rule: CVaRRule(share: 0.2), estimate: estimate, refresh: refresh, seed: seed)
        var random = SplitMix64(seed: 77 + seed)
        var counts = Array(repeating: 0.0, count: Self.cases)
        for step in 0..<6000 {
          let batch = try sampler.draw(2)
          if step >= 1000 { for index in batch { counts[index] += 1 } }
          try sampler.record(
            batch.map { index in
              let noise = index < Self.hard ? 0.2 : 0.05
              return Visit(caseIndex: index, signal: hardness[index] + noise * random.normal())
            })
        }
        hard += counts[..<Self.hard].reduce(0, +) / counts.reduce(0, +) / 3
        rarest = min(rarest, counts.min() ?? 0)
      }
      return (hard, rarest)
    }
    let last = try share(nil, refresh: 0)
    let estimated = try share(HardnessEstimator.Options(), refresh: 0.05)
    #expect(last.rarest == 0)
    #expect(estimated.rarest > 0)
    #expect(estimated.hard > 0.25)
    #expect(estimated.hard > 2 * last.hard)
  }

  /// Trains a sampler for some steps, stores it, and compares its further draws with those of the stored one.
  private func checkThatStoredStateGoesOn<Sampler: CaseSampler>(_ sampler: Sampler) throws {
    func train(_ sampler: inout Sampler, steps: Range<Int>) throws -> [[Int]] {
      try steps.map { step in
        let batch = try sampler.draw(2)
        try sampler.record(
          batch.map { Visit(caseIndex: $0, signal: Double(($0 * 7 + step) % 11) / 11, kind: step % 2) })
        return batch
      }
    }
    var sampler = sampler
    _ = try train(&sampler, steps: 0..<100)
    var restored = try JSONDecoder().decode(Sampler.self, from: JSONEncoder().encode(sampler))
    #expect(try train(&restored, steps: 100..<200) == train(&sampler, steps: 100..<200))
  }

  @Test func storedRulesGoOn() throws {
    try checkThatStoredStateGoesOn(
      StaleLossSampler(
        caseCount: 30, rule: RankRule(power: 1), estimate: HardnessEstimator.Options(), refresh: 0.2, seed: 2))
  }

  @Test func storedStateGoesOn() throws {
    try checkThatStoredStateGoesOn(HardnessWeightedSampler(caseCount: 30, options: Self.options, seed: 2))
  }
}

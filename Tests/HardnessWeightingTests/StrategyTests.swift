import Foundation
import Testing

@testable import HardnessWeighting

/// Guards the strategies that hardness weighting is compared with: the distributions that their papers define, the
/// frequencies of the draws, and stored state.
struct StrategyTests {
  private let losses = [0.4, 0.1, 0.9, 0.4, 0.6]

  private func close(_ found: [Double], _ expected: [Double]) -> Bool {
    found.count == expected.count && zip(found, expected).allSatisfy { abs($0 - $1) < 1e-9 }
  }

  /// Checks the probabilities, the frequencies of many draws (χ² at 1e-4), stored state, and rejected input.
  private func check<Sampler: CaseSampler>(_ sampler: Sampler, expected: [Double]) throws {
    #expect(close(sampler.probabilities, expected))
    var sampler = sampler
    checkSingleProbabilities(sampler)
    var counts = Array(repeating: 0.0, count: sampler.caseCount)
    for _ in 0..<5000 { for index in try sampler.draw(2) { counts[index] += 1 } }
    let degrees = expected.filter { $0 > 0 }.count - 1
    if degrees > 0 {
      #expect(ChiSquare.statistic(counts, expected) < 1.02 * ChiSquare.limit(degrees: degrees))
    }
    checkSingleProbabilities(sampler)
    var restored = try JSONDecoder().decode(Sampler.self, from: JSONEncoder().encode(sampler))
    #expect(close(restored.probabilities, sampler.probabilities))
    for _ in 0..<20 { #expect(try restored.draw(3) == sampler.draw(3)) }
    #expect(throws: SamplerError.self) { try sampler.draw(-1) }
    #expect(throws: SamplerError.self) { try sampler.record(losses: [.nan], for: [0]) }
    #expect(throws: SamplerError.self) { try sampler.record(losses: [1], for: [sampler.caseCount]) }
    #expect(throws: SamplerError.self) { try sampler.record(losses: [1, 2], for: [0]) }
    // Another order of the cases gives the same probabilities in that order.
    let order = Array((0..<sampler.caseCount).reversed())
    #expect(close(try sampler.remapped(order).probabilities, order.map { sampler.probabilities[$0] }))
    #expect(throws: SamplerError.self) { try sampler.remapped([0, 0]) }
  }

  /// Checks the probability of each case by itself, to rounding: before and right after draws it is computed in
  /// different ways.
  private func checkSingleProbabilities(_ sampler: some CaseSampler) {
    for (index, probability) in sampler.probabilities.enumerated() {
      #expect(abs(sampler.probability(of: index) - probability) < 1e-15)
    }
  }

  /// A sampler with a rule, after every case was visited.
  private func visited<Rule: LossRule>(_ rule: Rule) throws -> StaleLossSampler<Rule> {
    var sampler = try StaleLossSampler(caseCount: 5, rule: rule, seed: 3)
    let first = try sampler.draw(4) + sampler.draw(1)
    #expect(Set(first) == Set(0..<5))
    try sampler.record(losses: losses, for: Array(0..<5))
    return sampler
  }

  @Test func uniform() throws {
    try check(UniformSampler(caseCount: 5, seed: 1), expected: Array(repeating: 0.2, count: 5))
  }

  /// Every pass is a permutation, no batch holds a case twice, and a batch larger than the data set is refused.
  @Test func shuffled() throws {
    var sampler = try ShuffledSampler(caseCount: 5, seed: 1)
    #expect(sampler.probabilities == Array(repeating: 0.2, count: 5))
    var drawn: [Int] = []
    for _ in 0..<200 {
      let batch = try sampler.draw(3)
      #expect(Set(batch).count == 3)
      drawn += batch
    }
    for start in stride(from: 0, to: 600, by: 5) { #expect(Set(drawn[start..<start + 5]) == Set(0..<5)) }
    #expect(Set(stride(from: 0, to: 600, by: 5).map { drawn[$0] }) == Set(0..<5))
    #expect(throws: SamplerError.impossibleBatch(6, caseCount: 5)) { try sampler.draw(6) }
    _ = try sampler.draw(1)
    var restored = try JSONDecoder().decode(ShuffledSampler.self, from: JSONEncoder().encode(sampler))
    for _ in 0..<20 { #expect(try restored.draw(2) == sampler.draw(2)) }
    let order = [4, 3, 2, 1, 0]
    #expect(close(try sampler.remapped(order).probabilities, order.map { sampler.probabilities[$0] }))
  }

  @Test func staticWeights() throws {
    try check(StaticSampler(weights: [3, 0, 1, 0, 6], seed: 1), expected: [0.3, 0, 0.1, 0, 0.6])
    try check(StaticSampler(weights: [1e308, 1e308, 0, 0, 0], seed: 1), expected: [0.5, 0.5, 0, 0, 0])
    for weights in [[], [0, 0], [1, -1], [1, .nan], [1, .infinity]] {
      #expect(throws: SamplerError.self) { try StaticSampler(weights: weights, seed: 1) }
    }
  }

  /// The cases with the two largest losses of five are drawn six times as often.
  @Test func justTrainTwice() throws {
    try check(
      StaticSampler.justTrainTwice(firstStageLosses: losses, errorShare: 0.4, upsampling: 6, seed: 1),
      expected: [1.0 / 15, 1.0 / 15, 6.0 / 15, 1.0 / 15, 6.0 / 15])
    // Without the last case, the error set is another; the weight of the second counts too.
    try check(
      StaticSampler.justTrainTwice(
        firstStageLosses: losses, errorShare: 0.25, upsampling: 6, weights: [1, 2, 1, 1, 0], seed: 1),
      expected: [0.1, 0.2, 0.6, 0.1, 0])
    for weights: [Double] in [[1, 1], [0, 0, 0, 0, 0], [1, 1, 1, 1, -1]] {
      #expect(throws: SamplerError.self) {
        try StaticSampler.justTrainTwice(
          firstStageLosses: losses, errorShare: 0.4, upsampling: 6, weights: weights, seed: 1)
      }
    }
    #expect(throws: SamplerError.self) {
      try StaticSampler.justTrainTwice(firstStageLosses: losses, errorShare: 0, upsampling: 6, seed: 1)
    }
    #expect(throws: SamplerError.self) {
      try StaticSampler.justTrainTwice(firstStageLosses: [.nan], errorShare: 1, upsampling: 6, seed: 1)
    }
  }

  @Test func groupBalanced() throws {
    try check(
      GroupBalancedSampler(groups: ["b", "a", "b", "b", "c"], seed: 1),
      expected: [1.0 / 9, 1.0 / 3, 1.0 / 9, 1.0 / 9, 1.0 / 3])
  }

  /// q_g ← q_g · exp(η · (L_g + C / √n_g)), normalized, for two updates computed by hand.
  @Test func groupDRO() throws {
    var sampler = try GroupDROSampler(groups: ["b", "a", "b", "b", "a"], stepSize: 0.5, adjustment: 2, seed: 1)
    try check(sampler, expected: [1.0 / 6, 1.0 / 4, 1.0 / 6, 1.0 / 6, 1.0 / 4])
    try sampler.record(losses: [0.2, 1.0, 0.6], for: [0, 1, 2])
    // Group a has 2 cases and a mean loss of 1; group b has 3 cases and a mean loss of 0.4.
    var (a, b) = (exp(0.5 * (1 + 2 / 2.0.squareRoot())), exp(0.5 * (0.4 + 2 / 3.0.squareRoot())))
    func expected() -> [Double] {
      let (p, q) = (b / (a + b) / 3, a / (a + b) / 2)
      return [p, q, p, p, q]
    }
    #expect(close(sampler.probabilities, expected()))
    // The next batch contains b alone, whose average moves a tenth of the way to the new loss.
    try sampler.record(losses: [2], for: [3])
    a *= exp(0.5 * (1 + 2 / 2.0.squareRoot()))
    b *= exp(0.5 * (0.9 * 0.4 + 0.1 * 2 + 2 / 3.0.squareRoot()))
    #expect(close(sampler.probabilities, expected()))
    try check(sampler, expected: expected())
    #expect(throws: SamplerError.self) { try GroupDROSampler(groups: ["a"], stepSize: -1, seed: 1) }
    #expect(throws: SamplerError.self) { try sampler.remapped([0, 1, nil]) }
  }

  /// α = 0.5 of five cases is 2.5 cases: the two equal ones at the border share half a case.
  @Test func cvar() throws {
    try check(visited(CVaRRule(share: 0.5)), expected: [0.1, 0, 0.4, 0.1, 0.4])
    try check(visited(CVaRRule(share: 1)), expected: Array(repeating: 0.2, count: 5))
    #expect(throws: SamplerError.self) { try StaleLossSampler(caseCount: 5, rule: CVaRRule(share: 0), seed: 1) }
  }

  /// p_i ∝ max(0, loss_i − η) with the requested divergence.
  @Test(arguments: [0.05, 0.3, 1.0, 1.9]) func chiSquare(radius: Double) throws {
    let sampler = try visited(ChiSquareRule(radius: radius))
    let p = sampler.probabilities
    try check(sampler, expected: p)
    #expect(abs((5 * p.reduce(0) { $0 + $1 * $1 } - 1) / 2 - radius) < 1e-9)
    #expect(abs(sampler.effectiveSampleSize - 5 / (1 + 2 * radius)) < 1e-6)
    let support = p.indices.filter { p[$0] > 0 }
    if let first = support.first(where: { losses[$0] == 0.4 }), support.contains(2), support.contains(4) {
      // On the support, the probabilities are a linear function of the losses.
      #expect(abs((p[2] - p[4]) / 0.3 - (p[4] - p[first]) / 0.2) < 1e-6)
    }
  }

  /// Equal losses, radius 0, and a radius beyond the one at which the hardest case has all the probability.
  @Test func chiSquareLimits() {
    #expect(ChiSquareRule(radius: 1).probabilities([3, 3]) == [0.5, 0.5])
    #expect(ChiSquareRule(radius: 0).probabilities([1, 3]) == [0.5, 0.5])
    #expect(close(ChiSquareRule(radius: 9).probabilities([1, 3, 2]), [0, 1, 0]))
    #expect(close(ChiSquareRule(radius: 9).probabilities([1e308, -1e308]), [1, 0]))
  }

  /// The weights are the numbers of cases at most as hard; equal losses have equal weights.
  @Test func rank() throws {
    let sum = 3.0 + 1 + 5 + 3 + 4
    try check(visited(RankRule(power: 1)), expected: [3 / sum, 1 / sum, 5 / sum, 3 / sum, 4 / sum])
    try check(visited(RankRule(power: 0)), expected: Array(repeating: 0.2, count: 5))
  }

  @Test func topK() throws {
    try check(visited(TopKRule(count: 2)), expected: [0, 0, 0.5, 0, 0.5])
    #expect(throws: SamplerError.self) { try StaleLossSampler(caseCount: 5, rule: TopKRule(count: 6), seed: 1) }
  }

  /// Equal probabilities, and the number of times that they were computed.
  private struct CountingRule: LossRule {
    nonisolated(unsafe) static var applications = 0

    func validate(caseCount: Int) {}

    func probabilities(_ losses: [Double]) -> [Double] {
      Self.applications += 1
      return losses.map { _ in 1 / Double(losses.count) }
    }
  }

  /// Right after a draw, the probabilities of the drawn cases take no other application of the rule.
  @Test func probabilitiesOfDrawnCasesAreAtHand() throws {
    var sampler = try visited(CountingRule())
    let batch = try sampler.draw(3)
    #expect(CountingRule.applications == 1)
    for index in batch { #expect(abs(sampler.probability(of: index) - 0.2) < 1e-15) }
    #expect(CountingRule.applications == 1)
    // A new loss changes the distribution.
    try sampler.record(losses: [0.2], for: [0])
    _ = sampler.probability(of: 0)
    #expect(CountingRule.applications == 2)
  }

  /// A new case is unvisited and comes first; strategies that need its weight or group reject it.
  @Test func newCases() throws {
    var remapped = try visited(TopKRule(count: 2)).remapped([0, nil, 2])
    #expect(try remapped.draw(1) == [1])
    #expect(throws: SamplerError.newCase(1)) { try StaticSampler(weights: [1, 1], seed: 1).remapped([0, nil]) }
    #expect(throws: SamplerError.newCase(0)) { try GroupBalancedSampler(groups: ["a"], seed: 1).remapped([nil]) }
  }

  /// A case that stays far above the others is a suspect after three epochs; one that is learned is not.
  @Test func persistentlyHardCases() {
    var history = LossHistory(caseCount: 20)
    for epoch in 0..<4 {
      for visit in 0..<4 {
        var losses = (0..<20).map { 0.5 + 0.01 * Double(($0 * 7 + visit) % 10) }
        losses[3] = 1.5
        losses[5] = epoch < 1 ? 1.5 : 0.5
        history.record(losses: losses + [.nan], for: Array(0..<20) + [1])
      }
      let suspects = history.endEpoch()
      #expect(suspects.map(\.index) == (epoch < 2 ? [] : [3]))
      if let suspect = suspects.first {
        #expect(suspect.visits == 4 * (epoch + 1) && suspect.epochs == epoch + 1)
        #expect(abs(suspect.loss - 1.5) < 1e-12 && suspect.median < 0.6)
      }
    }
  }
}

import Foundation
import HardnessWeighting
import Testing

/// Guards importance weights: they are ratios of fresh to stale probability, and weighted batches are unbiased.
struct ImportanceWeightTests {
  private let losses = [0.1, 0.5, 0.3, 0.9, 0.7, 0.45]

  /// For every floor, the weight of a case is the ratio of its probabilities after and before its update, without the
  /// change of the softmax's denominator.
  @Test func weightsAreRatiosOfProbabilities() throws {
    for floor in [HardnessOptions.Floor.none, .minimum(0.5), .uniformShare(0.3)] {
      var options = HardnessOptions(beta: .fixed(4))
      options.floor = floor
      options.memory = .momentum(0.25)
      let sampler = try HardnessWeightedSampler(losses: losses, options: options, seed: 1)
      for (index, new) in [(3, 0.2), (0, 0.6), (4, 0.75)] {
        let weight = try sampler.importanceWeights(losses: [new], for: [index], clippedTo: nil)[0]
        // From the definition, with the denominator of the stale softmax.
        let p = FullSoftmax.softmax(losses, beta: 4)[index]
        let grown = p * exp(4 * 0.75 * (new - losses[index]))
        let expected: Double =
          switch floor {
          case .none: grown / p
          case .minimum(let minimum): max(grown, minimum / 6) / max(p, minimum / 6)
          case .uniformShare(let share): ((1 - share) * grown + share / 6) / ((1 - share) * p + share / 6)
          }
        #expect(abs(weight - expected) < 1e-12 * max(1, expected))
      }
    }
  }

  /// A case that stays at the cap has weight 1; one that falls below the cap has become less likely.
  @Test func cappedCases() throws {
    var options = HardnessOptions(beta: .fixed(10))
    options.cap = 0.3
    let sampler = try HardnessWeightedSampler(losses: losses, options: options, seed: 1)
    #expect(sampler.probabilities[3] == 0.3)
    #expect(try sampler.importanceWeights(losses: [2], for: [3]) == [1])
    #expect(try sampler.importanceWeights(losses: [0.1], for: [3], clippedTo: nil)[0] < 0.5)
  }

  /// Without replacement, the weighted mean of a batch is an unbiased estimate of the expected loss under the
  /// sampler's distribution; the plain mean is not. Computed exactly, over all ordered batches of three.
  @Test func batchesWithoutReplacementAreUnbiased() throws {
    for floor in [HardnessOptions.Floor.none, .uniformShare(0.2)] {
      var options = HardnessOptions(beta: .fixed(6))
      options.replacement = false
      options.floor = floor
      let sampler = try HardnessWeightedSampler(losses: losses, options: options, seed: 1)
      let p = FullSoftmax.probabilities(losses, beta: 6, options: options)
      var (weighted, plain) = (0.0, 0.0)
      for a in 0..<6 {
        for b in 0..<6 where b != a {
          for c in 0..<6 where c != a && c != b {
            let batch = [a, b, c]
            let chance = p[a] * p[b] / (1 - p[a]) * p[c] / (1 - p[a] - p[b])
            let known = batch.map { losses[$0] }
            let weights = try sampler.importanceWeights(losses: known, for: batch, clippedTo: nil)
            weighted += chance * zip(weights, known).reduce(0) { $0 + $1.0 * $1.1 } / 3
            plain += chance * known.reduce(0, +) / 3
          }
        }
      }
      let expected = zip(p, losses).reduce(0) { $0 + $1.0 * $1.1 }
      #expect(abs(weighted - expected) < 1e-12)
      #expect(abs(plain - expected) > 0.01)
    }
  }

  /// `record` returns the weights that the options ask for: all 1, clipped, or clipped with mean 1. A first visit has
  /// weight 1.
  @Test func recordReturnsWeights() throws {
    func weights(_ importance: HardnessOptions.Importance) throws -> [Double] {
      var options = HardnessOptions(beta: .fixed(10))
      options.importance = importance
      var sampler = try HardnessWeightedSampler(losses: losses, options: options, seed: 1)
      return try sampler.record(losses: [0.1, 0.9, 0.3], for: [0, 1, 3])
    }
    #expect(try weights(.none) == [1, 1, 1])
    #expect(try weights(.raw) == [1, 10, 0.1])
    let normalized = try weights(.normalized)
    #expect(abs(normalized.reduce(0, +) - 3) < 1e-12)
    #expect(abs(normalized[1] / normalized[0] - 10) < 1e-12)

    var options = HardnessOptions(beta: .fixed(100))
    options.importance = .raw
    var unvisited = try HardnessWeightedSampler(caseCount: 4, options: options, seed: 1)
    let batch = try unvisited.draw(2)
    #expect(try unvisited.record(losses: [0.5, 0.1], for: batch) == [1, 1])
  }

  /// A weight is computed with the loss, the β and the probability by which the case was drawn, although another batch
  /// has been recorded and β has changed before its loss arrives.
  @Test func weightsFollowWhatWasKnownAtTheDraw() throws {
    var options = HardnessOptions(beta: .effectiveSampleSize(0.6))
    options.importance = .raw
    options.floor = .uniformShare(0.2)
    var sampler = try HardnessWeightedSampler(losses: losses, options: options, seed: 4)
    let first = try sampler.draw(1)[0]
    let before = sampler
    _ = try sampler.record(losses: [0.01, 0.02, 3], for: (0..<6).filter { $0 != first }.prefix(3).map { $0 })
    _ = try sampler.draw(1)
    #expect(sampler.beta != before.beta)
    let expected = try before.importanceWeights(losses: [0.6], for: [first])
    #expect(try sampler.importanceWeights(losses: [0.6], for: [first]) == expected)
    // Stored and read, it is still known.
    let stored = try JSONDecoder().decode(HardnessWeightedSampler.self, from: JSONEncoder().encode(sampler))
    #expect(try stored.importanceWeights(losses: [0.6], for: [first]) == expected)
    // Once recorded, it is forgotten.
    let record = try sampler.record(losses: [0.6], for: [first])
    #expect(record == expected)
    #expect(
      try sampler.importanceWeights(losses: [0.9], for: [first])
        != before.importanceWeights(losses: [0.9], for: [first]))
  }

  /// Without replacement, weights are clipped before Des Raj's factor is multiplied in, so that clipping does not undo
  /// it. The published weights have no such factor.
  @Test func clippingComesBeforeTheFactor() throws {
    var options = HardnessOptions(beta: .fixed(6))
    options.replacement = false
    let sampler = try HardnessWeightedSampler(losses: losses, options: options, seed: 1)
    let batch = [3, 0]
    let known = batch.map { losses[$0] }
    let factors = try sampler.importanceWeights(losses: known, for: batch, clippedTo: nil)
    let clipped = try sampler.importanceWeights(losses: [9, -9], for: batch)
    #expect(zip(clipped, factors).allSatisfy { abs($0 / $1 - 10) < 1e-9 || abs($0 / $1 - 0.1) < 1e-9 })
    options.importance = .published
    let published = try HardnessWeightedSampler(losses: losses, options: options, seed: 1)
    #expect(try published.importanceWeights(losses: [9, -9], for: batch) == [10, 0.1])
    let weights = try published.importanceWeights(losses: [0.8, 0.2], for: batch)
    #expect(abs(weights[0] - exp(6 * (0.8 - 0.9))) < 1e-12 && abs(weights[1] - exp(6 * (0.2 - 0.1))) < 1e-12)
  }
}

import Foundation
import HardnessWeighting
import Testing

/// Guards what is drawn: frequencies, replacement, the first sweep through all cases, stored state, and refused input.
struct HardnessWeightedSamplerTests {
  /// Pearson's statistic of observed counts against expected probabilities.
  private func chiSquare(_ counts: [Double], _ probabilities: [Double]) -> Double {
    let total = counts.reduce(0, +)
    return zip(counts, probabilities).reduce(0) { $0 + ($1.0 - total * $1.1) * ($1.0 - total * $1.1) / (total * $1.1) }
  }

  private let losses = [0.1, 0.5, 0.3, 0.9, 0.7]
  /// The 99.9 % quantile of chi-square with four degrees of freedom.
  private let limit = 18.47

  /// Frequencies with replacement follow the softmax, here written out from its definition.
  @Test func frequenciesAreTheSoftmax() throws {
    let beta = 3.0
    let sum = losses.reduce(0) { $0 + exp(beta * $1) }
    let softmax = losses.map { exp(beta * $0) / sum }
    var sampler = try HardnessWeightedSampler(losses: losses, beta: beta, floor: 0, replacement: true, seed: 7)
    #expect(zip(sampler.probabilities, softmax).allSatisfy { abs($0 - $1) < 1e-12 })
    var counts = Array(repeating: 0.0, count: 5)
    for _ in 0..<10_000 { for index in try sampler.draw(2) { counts[index] += 1 } }
    #expect(chiSquare(counts, softmax) < limit)
  }

  /// The second place of a batch drawn without replacement follows the softmax over the cases that are left.
  @Test(arguments: [0, 1e-4]) func withoutReplacementTheSecondIsDrawnFromTheRest(floor: Double) throws {
    var sampler = try HardnessWeightedSampler(losses: losses, beta: 2, floor: floor, seed: 3)
    let softmax = sampler.probabilities
    var second = Array(repeating: 0.0, count: 5)
    for _ in 0..<20_000 {
      let batch = try sampler.draw(2)
      #expect(batch[0] != batch[1])
      second[batch[1]] += 1
    }
    let expected = softmax.indices.map { j in
      softmax.indices.filter { $0 != j }.reduce(0) { $0 + softmax[$1] * softmax[j] / (1 - softmax[$1]) }
    }
    #expect(chiSquare(second, expected) < limit)
  }

  /// β = 0 is uniform.
  @Test func betaZeroIsUniform() throws {
    let sampler = try HardnessWeightedSampler(losses: [0, 1000, -1e308, 1e308], beta: 0, seed: 1)
    #expect(sampler.probabilities == [0.25, 0.25, 0.25, 0.25])
  }

  /// With an initial loss above all others, n cases are seen in n / batch draws, none twice.
  @Test func theFirstSweepSeesAllCases() throws {
    var sampler = try HardnessWeightedSampler(caseCount: 100, beta: 100, initialLoss: 2, seed: 5)
    var seen: Set<Int> = []
    for step in 0..<50 {
      let batch = try sampler.draw(2)
      seen.formUnion(batch)
      try sampler.record(losses: batch.map { 0.5 + 0.001 * Double(step + $0) }, for: batch)
    }
    #expect(seen.count == 100)
  }

  /// However extreme the losses, probabilities are finite and a batch without replacement is full and free of repeats.
  @Test func extremeLossesDoNotBreakTheDraw() throws {
    let losses = [1e308, -1e308, 0, 5, 5, 1e-300]
    for floor in [0, 1e-4] {
      var sampler = try HardnessWeightedSampler(losses: losses, beta: 1e300, floor: floor, seed: 1)
      #expect(sampler.probabilities.allSatisfy { $0.isFinite })
      #expect(abs(sampler.probabilities.reduce(0, +) - 1) < 1e-12)
      #expect(Set(try sampler.draw(6)) == Set(0..<6))
    }
  }

  /// The noise on the initial losses has the standard deviation asked for, and comes from the seed.
  @Test func initialNoise() throws {
    let losses = try HardnessWeightedSampler(caseCount: 4000, seed: 11).losses
    let mean = losses.reduce(0, +) / 4000
    let deviation = (losses.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 3999).squareRoot()
    #expect(abs(mean - 2) < 2e-4)
    #expect(abs(deviation - 0.002) < 1e-4)
    #expect(try HardnessWeightedSampler(caseCount: 4000, seed: 11).losses == losses)
    #expect(try HardnessWeightedSampler(caseCount: 4000, seed: 12).losses != losses)
    #expect(try HardnessWeightedSampler(caseCount: 3, initialNoise: 0, seed: 1).losses == [2, 2, 2])
  }

  /// A case that is in a batch twice counts with its mean loss, whatever the order.
  @Test func repeatedCases() throws {
    var sampler = try HardnessWeightedSampler(losses: [1, 2], momentum: 0.5, replacement: true, seed: 1)
    try sampler.record(losses: [3, 5], for: [0, 0])
    #expect(sampler.losses == [2.5, 2])
  }

  /// A sampler decoded from its JSON goes on as the original does.
  @Test func storedStateGoesOn() throws {
    var sampler = try HardnessWeightedSampler(caseCount: 30, beta: 5, momentum: 0.3, seed: .max)
    for _ in 0..<7 {
      let batch = try sampler.draw(3)
      try sampler.record(losses: batch.map { Double($0) / 7 }, for: batch)
    }
    var restored = try JSONDecoder().decode(HardnessWeightedSampler.self, from: JSONEncoder().encode(sampler))
    #expect(restored.losses == sampler.losses)
    for _ in 0..<20 { #expect(try restored.draw(4) == sampler.draw(4)) }
  }

  @Test func storedStateIsChecked() throws {
    let sampler = try HardnessWeightedSampler(caseCount: 3, beta: 5, seed: 1)
    let text = String(decoding: try JSONEncoder().encode(sampler), as: UTF8.self)
    let spoilt = text.replacingOccurrences(of: "\"beta\":5", with: "\"beta\":-5")
    #expect(spoilt != text)
    #expect(throws: SamplerError.self) {
      try JSONDecoder().decode(HardnessWeightedSampler.self, from: Data(spoilt.utf8))
    }
  }

  @Test(arguments: [-1, .nan, .infinity]) func impossibleBeta(beta: Double) {
    #expect(throws: SamplerError.self) { try HardnessWeightedSampler(caseCount: 3, beta: beta, seed: 1) }
  }

  @Test func impossibleSettings() {
    #expect(throws: SamplerError.noCases) { try HardnessWeightedSampler(caseCount: 0, seed: 1) }
    #expect(throws: SamplerError.noCases) { try HardnessWeightedSampler(losses: [], seed: 1) }
    #expect(throws: SamplerError.self) { try HardnessWeightedSampler(losses: [1, .nan], seed: 1) }
    #expect(throws: SamplerError.self) { try HardnessWeightedSampler(caseCount: 3, initialLoss: .infinity, seed: 1) }
    #expect(throws: SamplerError.self) { try HardnessWeightedSampler(caseCount: 3, initialNoise: -1, seed: 1) }
    #expect(throws: SamplerError.self) { try HardnessWeightedSampler(caseCount: 3, momentum: 1, seed: 1) }
    #expect(throws: SamplerError.self) { try HardnessWeightedSampler(caseCount: 3, floor: 2, seed: 1) }
  }

  /// A refused call leaves losses and generator as they were.
  @Test func refusedCallsChangeNothing() throws {
    var sampler = try HardnessWeightedSampler(caseCount: 3, seed: 1)
    let before = try JSONEncoder().encode(sampler.losses)
    var untouched = sampler
    #expect(throws: SamplerError.impossibleBatch(4, caseCount: 3)) { try sampler.draw(4) }
    #expect(throws: SamplerError.impossibleBatch(-1, caseCount: 3)) { try sampler.draw(-1) }
    #expect(throws: SamplerError.noSuchCase(3, caseCount: 3)) { try sampler.record(losses: [1, 1], for: [0, 3]) }
    #expect(throws: SamplerError.noSuchCase(-1, caseCount: 3)) { try sampler.record(losses: [1], for: [-1]) }
    #expect(throws: SamplerError.countsDiffer(losses: 1, cases: 2)) { try sampler.record(losses: [1], for: [0, 1]) }
    #expect(throws: SamplerError.self) { try sampler.record(losses: [1, .nan], for: [0, 1]) }
    #expect(throws: SamplerError.self) { try sampler.importanceWeights(losses: [.infinity], for: [0]) }
    #expect(try JSONEncoder().encode(sampler.losses) == before)
    #expect(try sampler.draw(3) == untouched.draw(3))
  }
}

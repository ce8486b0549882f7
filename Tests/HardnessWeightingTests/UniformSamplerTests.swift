import Foundation
import HardnessWeighting
import Testing

/// Guards uniform drawing with replacement.
struct UniformSamplerTests {
  @Test func frequenciesAreUniform() throws {
    var sampler = try UniformSampler(caseCount: 10, seed: 2)
    var counts = Array(repeating: 0.0, count: 10)
    for _ in 0..<10_000 { for index in try sampler.draw(2) { counts[index] += 1 } }
    let chiSquare = counts.reduce(0) { $0 + ($1 - 2000) * ($1 - 2000) / 2000 }
    // The 99.9 % quantile with nine degrees of freedom.
    #expect(chiSquare < 27.88)
    #expect(sampler.probabilities == Array(repeating: 0.1, count: 10))
  }

  /// Losses do not matter, and a batch may be larger than the number of cases.
  @Test func lossesDoNotMatter() throws {
    var one = try UniformSampler(caseCount: 3, seed: 2)
    var other = one
    try one.record(losses: [100], for: [0])
    #expect(try one.draw(50) == other.draw(50))
  }

  @Test func storedStateGoesOn() throws {
    var sampler = try UniformSampler(caseCount: 9, seed: .max)
    _ = try sampler.draw(5)
    var restored = try JSONDecoder().decode(UniformSampler.self, from: JSONEncoder().encode(sampler))
    #expect(try restored.draw(100) == sampler.draw(100))
  }

  @Test func refused() throws {
    #expect(throws: SamplerError.noCases) { try UniformSampler(caseCount: 0, seed: 1) }
    var sampler = try UniformSampler(caseCount: 2, seed: 1)
    #expect(throws: SamplerError.impossibleBatch(-1, caseCount: 2)) { try sampler.draw(-1) }
    #expect(throws: SamplerError.self) { try sampler.record(losses: [.nan], for: [0]) }
  }
}

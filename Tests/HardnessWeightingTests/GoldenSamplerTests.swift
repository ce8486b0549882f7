import Foundation
import HardnessWeighting
import TestSupport
import Testing

/// Guards the sampler's formulas against values computed with the published ones, to 1e-9.
@Suite(.enabled(if: Golden.isPresent, Comment(rawValue: Golden.absence)))
struct GoldenSamplerTests {
  struct Reference: Decodable {
    let beta: Double
    let momentum: Double
    let losses: [Double]
    let probabilities: [Double]
    let probabilitiesWithFloor: [Double]
    let batch: [Int]
    let newLosses: [Double]
    let importanceWeights: [Double]
    let importanceWeightsClipped: [Double]
    let lossesAfter: [Double]
  }

  private func references() throws -> [Reference] {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode([Reference].self, from: Data(contentsOf: Golden.file("sampler.json")))
  }

  private func close(_ found: [Double], _ expected: [Double]) -> Bool {
    found.count == expected.count
      && zip(found, expected).allSatisfy { abs($0 - $1) <= 1e-9 * max(1, abs($1)) || $0 == $1 }
  }

  private func sampler(_ reference: Reference, floor: Double) throws -> HardnessWeightedSampler {
    var options = HardnessOptions(beta: .fixed(reference.beta))
    options.memory = .momentum(reference.momentum)
    options.floor = floor > 0 ? .minimum(floor) : .none
    return try HardnessWeightedSampler(losses: reference.losses, options: options, seed: 1)
  }

  @Test func probabilities() throws {
    for reference in try references() {
      #expect(close(try sampler(reference, floor: 0).probabilities, reference.probabilities))
      #expect(close(try sampler(reference, floor: 1e-4).probabilities, reference.probabilitiesWithFloor))
    }
  }

  @Test func importanceWeights() throws {
    for reference in try references() {
      let sampler = try sampler(reference, floor: 0)
      let weights = try sampler.importanceWeights(losses: reference.newLosses, for: reference.batch, clippedTo: nil)
      let clipped = try sampler.importanceWeights(losses: reference.newLosses, for: reference.batch)
      #expect(close(weights, reference.importanceWeights))
      #expect(close(clipped, reference.importanceWeightsClipped))
    }
  }

  @Test func lossesAfterAnUpdate() throws {
    for reference in try references() {
      var sampler = try sampler(reference, floor: 0)
      try sampler.record(losses: reference.newLosses, for: reference.batch)
      #expect(close(sampler.losses.compactMap { $0 }, reference.lossesAfter))
    }
  }
}

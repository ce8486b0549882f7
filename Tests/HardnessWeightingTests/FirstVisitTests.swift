import Foundation
import HardnessWeighting
import Testing

/// Guards that every case is seen before any is seen again, and the published way to try for that.
struct FirstVisitTests {
  /// Whatever first losses are, n cases are seen in n / batch draws, in an order that the seed decides.
  @Test(arguments: [true, false], [0, 1, 2]) func theFirstSweepSeesAllCases(replacement: Bool, ahead: Int) throws {
    func order(_ seed: UInt64) throws -> [Int] {
      var options = HardnessOptions(beta: .fixed(100))
      options.replacement = replacement
      var sampler = try HardnessWeightedSampler(caseCount: 101, options: options, seed: seed)
      var batches: [[Int]] = []
      for step in 0..<51 {
        batches.append(try sampler.draw(2))
        // Losses come back late, and rise above everything before.
        if step >= ahead {
          let batch = batches[step - ahead]
          try sampler.record(losses: batch.map { 1000 * Double(step) + Double($0) }, for: batch)
        }
      }
      return Array(batches.joined().prefix(101))
    }
    let first = try order(1)
    #expect(Set(first) == Set(0..<101))
    #expect(first != Array(0..<101))
    #expect(try order(1) == first)
    #expect(try order(2) != first)
  }

  /// A case whose loss is known before it was drawn is no longer unseen, and one whose loss never comes back is not lost.
  @Test func knownAndLostCases() throws {
    var sampler = try HardnessWeightedSampler(caseCount: 4, options: HardnessOptions(beta: .fixed(1)), seed: 3)
    try sampler.record(losses: [1, 1], for: [0, 2])
    #expect(sampler.losses == [1, nil, 1, nil])
    #expect(sampler.probabilities == [0, 0.5, 0, 0.5])
    #expect(Set(try sampler.draw(2)) == [1, 3])
    #expect(sampler.losses == [1, nil, 1, nil])
    #expect(Set(try sampler.draw(200)) == [0, 1, 2, 3])
  }

  /// A batch larger than the number of cases, before any loss is known.
  @Test func smallDataSets() throws {
    var sampler = try HardnessWeightedSampler(caseCount: 2, options: HardnessOptions(beta: .fixed(100)), seed: 3)
    let batch = try sampler.draw(5)
    #expect(Set(batch[..<2]) == [0, 1])
    #expect(batch.allSatisfy { 0...1 ~= $0 })
  }

  /// The published constant makes a first sweep as long as it exceeds all losses, and the sampler says when it did not.
  @Test func theConstantInitialLoss() throws {
    func sweep(_ loss: (Int) -> Double) throws -> (seen: Int, sampler: HardnessWeightedSampler) {
      var sampler = try HardnessWeightedSampler(caseCount: 200, options: .published(), seed: 5)
      var seen: Set<Int> = []
      for step in 0..<100 {
        let batch = try sampler.draw(2)
        seen.formUnion(batch)
        try sampler.record(losses: batch.map { _ in loss(step) }, for: batch)
      }
      return (seen.count, sampler)
    }
    let good = try sweep { 0.5 + 0.001 * Double($0) }
    #expect(good.seen == 200)
    #expect(good.sampler.warning == nil)
    let bad = try sweep { 2.1 - 0.0001 * Double($0) }
    #expect(bad.seen < 150)
    #expect(bad.sampler.lossesAboveInitial == 200)
    #expect(bad.sampler.warning != nil)
  }

  /// The noise on the initial losses has the standard deviation asked for, and comes from the seed.
  @Test func initialNoise() throws {
    func losses(_ count: Int, seed: UInt64, noise: Double = 0.001) throws -> [Double] {
      var options = HardnessOptions.published()
      options.firstVisits = .initialLoss(2, noise: noise)
      return try HardnessWeightedSampler(caseCount: count, options: options, seed: seed).losses.compactMap { $0 }
    }
    let initial = try losses(4000, seed: 11)
    let mean = initial.reduce(0, +) / 4000
    let deviation = (initial.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 3999).squareRoot()
    #expect(abs(mean - 2) < 2e-4)
    #expect(abs(deviation - 0.002) < 1e-4)
    #expect(try losses(4000, seed: 11) == initial)
    #expect(try losses(4000, seed: 12) != initial)
    #expect(try losses(3, seed: 1, noise: 0) == [2, 2, 2])
  }
}

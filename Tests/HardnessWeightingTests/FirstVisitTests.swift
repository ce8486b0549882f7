import Foundation
import HardnessWeighting
import Testing

/// Guards that every case is visited before any is repeated, and the published attempt at this.
struct FirstVisitTests {
  /// However large the first losses are, n / batch size draws visit all n cases, in an order that the seed decides.
  @Test(arguments: [true, false], [0, 1, 2]) func theFirstSweepSeesAllCases(replacement: Bool, delay: Int) throws {
    func order(_ seed: UInt64) throws -> [Int] {
      var options = HardnessOptions(beta: .fixed(100))
      options.replacement = replacement
      var sampler = try HardnessWeightedSampler(caseCount: 101, options: options, seed: seed)
      var batches: [[Int]] = []
      for step in 0..<51 {
        batches.append(try sampler.draw(2))
        // Losses are recorded late, and each exceeds all before.
        if step >= delay {
          let batch = batches[step - delay]
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

  /// A case whose loss is known before it was drawn counts as visited; one whose loss is never recorded stays drawable.
  @Test func knownAndMissingLosses() throws {
    var sampler = try HardnessWeightedSampler(caseCount: 4, options: HardnessOptions(beta: .fixed(1)), seed: 3)
    try sampler.record(losses: [1, 1], for: [0, 2])
    #expect(sampler.losses == [1, nil, 1, nil])
    #expect(sampler.probabilities == [0, 0.5, 0, 0.5])
    #expect(Set(try sampler.draw(2)) == [1, 3])
    #expect(sampler.losses == [1, nil, 1, nil])
    #expect(Set(try sampler.draw(200)) == [0, 1, 2, 3])
  }

  /// A batch may exceed the number of cases, even before any loss is known.
  @Test func smallDataSets() throws {
    var sampler = try HardnessWeightedSampler(caseCount: 2, options: HardnessOptions(beta: .fixed(100)), seed: 3)
    let batch = try sampler.draw(5)
    #expect(Set(batch[..<2]) == [0, 1])
    #expect(batch.allSatisfy { 0...1 ~= $0 })
  }

  /// With the published constant, the first sweep visits all cases while the constant exceeds all losses; otherwise the
  /// sampler warns.
  @Test func theConstantInitialLoss() throws {
    func sweep(_ loss: (Int) -> Double) throws -> (visited: Int, sampler: HardnessWeightedSampler) {
      var sampler = try HardnessWeightedSampler(caseCount: 200, options: .published(), seed: 5)
      var visited: Set<Int> = []
      for step in 0..<100 {
        let batch = try sampler.draw(2)
        visited.formUnion(batch)
        try sampler.record(losses: batch.map { _ in loss(step) }, for: batch)
      }
      return (visited.count, sampler)
    }
    let good = try sweep { 0.5 + 0.001 * Double($0) }
    #expect(good.visited == 200)
    #expect(good.sampler.warning == nil)
    let bad = try sweep { 2.1 - 0.0001 * Double($0) }
    #expect(bad.visited < 150)
    #expect(bad.sampler.lossesAboveInitial == 200)
    #expect(bad.sampler.warning != nil)
  }

  /// The noise on the initial losses has the requested standard deviation, and is reproducible from the seed.
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

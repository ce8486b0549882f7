import Foundation
import HardnessWeighting
import Testing

/// Guards stored state, changed lists of cases, and rejected input.
struct HardnessStateTests {
  /// Options that between them use every part of the state.
  private func variedOptions() -> [HardnessOptions] {
    var refreshed = HardnessOptions(beta: .effectiveSampleSize(0.3))
    refreshed.refresh = 0.2
    refreshed.memory = .runningMean(decay: 0.8)
    refreshed.floor = .uniformShare(0.1)
    refreshed.cap = 0.4
    refreshed.rampEpochs = 3
    var hardest = HardnessOptions(beta: .fixed(.infinity))
    hardest.replacement = false
    return [refreshed, hardest, .published(), HardnessOptions(beta: .fixed(5))]
  }

  /// Simulates a few training steps, with losses that are recorded one batch late.
  private func train(_ sampler: inout HardnessWeightedSampler, steps: Int, outstanding: inout [Int]) throws -> [[Int]] {
    try (0..<steps).map { step in
      let batch = try sampler.draw(3)
      try sampler.record(losses: outstanding.map { 1 + Double($0 * 7 % 11) / 7 / Double(step + 1) }, for: outstanding)
      outstanding = batch
      return batch
    }
  }

  /// A sampler decoded from JSON continues as the original does, in the first sweep and after it, with losses
  /// outstanding.
  @Test(arguments: [4, 40]) func decodedSamplerContinues(steps: Int) throws {
    for options in variedOptions() {
      var sampler = try HardnessWeightedSampler(caseCount: 30, options: options, seed: .max)
      sampler.beginEpoch(1)
      var outstanding: [Int] = []
      _ = try train(&sampler, steps: steps, outstanding: &outstanding)
      var restored = try JSONDecoder().decode(HardnessWeightedSampler.self, from: JSONEncoder().encode(sampler))
      #expect(restored.losses == sampler.losses)
      #expect(restored.probabilities == sampler.probabilities)
      #expect(restored.beta == sampler.beta)
      var otherOutstanding = outstanding
      #expect(
        try train(&restored, steps: 50, outstanding: &otherOutstanding)
          == train(&sampler, steps: 50, outstanding: &outstanding))
      #expect(restored.probabilities == sampler.probabilities)
    }
  }

  /// Counts from which one cannot go on counting, and epochs before the first, are rejected.
  @Test(arguments: [("lossCount", "9223372036854775807"), ("lossesAboveInitial", "-1"), ("epoch", "-3")])
  func impossibleNumbersAreRejected(key: String, value: String) throws {
    let sampler = try HardnessWeightedSampler(caseCount: 3, options: .published(), seed: 1)
    let text = String(decoding: try JSONEncoder().encode(sampler), as: UTF8.self)
    let changed = text.replacing("\"\(key)\":0", with: "\"\(key)\":\(value)")
    #expect(changed != text)
    #expect(throws: SamplerError.self) {
      try JSONDecoder().decode(HardnessWeightedSampler.self, from: Data(changed.utf8))
    }
  }

  /// A stored state is remapped by name to another order of its cases, and rejected for other cases.
  @Test func casesAreMatchedByName() throws {
    let names = (0..<30).map { "patient \($0)" }
    for options in variedOptions() {
      var sampler = try HardnessWeightedSampler(caseCount: 30, options: options, seed: 4)
      var outstanding: [Int] = []
      _ = try train(&sampler, steps: 7, outstanding: &outstanding)
      let archive = try JSONDecoder().decode(
        SamplerArchive<HardnessWeightedSampler>.self,
        from: JSONEncoder().encode(SamplerArchive(sampler, caseNames: names)))
      let order = (0..<30).map { $0 * 7 % 30 }
      let remapped = try archive.sampler(for: order.map { names[$0] })
      #expect(remapped.losses == order.map { sampler.losses[$0] })
      // Sums in another order differ by rounding.
      for (new, old) in zip(remapped.probabilities, order.map { sampler.probabilities[$0] }) {
        #expect(abs(new - old) < 1e-14)
      }
      let error = SamplerError.casesChanged(added: ["newcomer"], missing: ["patient 29"])
      #expect(throws: error) { try archive.sampler(for: names.dropLast() + ["newcomer"]) }
      #expect(throws: SamplerError.self) { try archive.sampler(for: names.dropLast()) }
      #expect(throws: SamplerError.self) { try archive.sampler(for: Array(repeating: "patient 1", count: 30)) }
      #expect(throws: SamplerError.self) { try SamplerArchive(sampler, caseNames: Array(repeating: "x", count: 30)) }
      #expect(throws: SamplerError.self) { try SamplerArchive(sampler, caseNames: Array(names.dropLast())) }
    }
  }

  /// If changes are allowed, new cases start as unvisited and the others keep their losses.
  @Test func newCasesAreUnvisited() throws {
    var sampler = try HardnessWeightedSampler(caseCount: 3, options: variedOptions()[0], seed: 4)
    let batch = try sampler.draw(3)
    try sampler.record(losses: batch.map { Double($0) }, for: batch)
    let archive = try SamplerArchive(sampler, caseNames: ["a", "b", "c"])
    var changed = try archive.sampler(for: ["c", "new", "a"], allowingChanges: true)
    #expect(changed.losses == [2, nil, 0])
    #expect(try changed.draw(1) == [1])
  }

  /// A corrupted state is rejected.
  @Test func storedStateIsChecked() throws {
    var sampler = try HardnessWeightedSampler(caseCount: 3, options: variedOptions()[0], seed: 1)
    _ = try sampler.draw(2)
    let text = String(decoding: try JSONEncoder().encode(sampler), as: UTF8.self)
    func decode(_ text: String) throws {
      _ = try JSONDecoder().decode(HardnessWeightedSampler.self, from: Data(text.utf8))
    }
    try decode(text)
    for (original, corrupted) in [
      ("ess:0.3", "ess:3"), ("ess:0.3", "-1"), ("\"visits\":[0,0,0]", "\"visits\":[0,0]"),
      ("\"cap\":0.4", "\"cap\":0"), ("\"refresh\":0.2", "\"refresh\":0"), ("\"pending\":[", "\"pending\":[7,"),
    ] {
      #expect(text.contains(original))
      #expect(throws: (any Error).self) { try decode(text.replacingOccurrences(of: original, with: corrupted)) }
    }
  }

  @Test(arguments: [-1, Double.nan, -Double.infinity]) func invalidBeta(beta: Double) {
    let options = HardnessOptions(beta: .fixed(beta))
    #expect(throws: SamplerError.self) { try HardnessWeightedSampler(caseCount: 3, options: options, seed: 1) }
  }

  @Test(arguments: ["", "ess:", "ess:0", "ess:1.1", "ess:nan", "-1", "nan", "much"])
  func invalidBetaText(text: String) {
    #expect(Beta(text) == nil)
  }

  @Test func betaFromText() {
    #expect(Beta("100") == .fixed(100))
    #expect(Beta("inf") == .fixed(.infinity))
    #expect(Beta("ess:0.3") == .effectiveSampleSize(0.3))
    for beta in [Beta.fixed(2.5), .fixed(.infinity), .effectiveSampleSize(0.25)] {
      #expect(Beta(beta.description) == beta)
    }
  }

  @Test func invalidSettings() {
    func expectRejected(_ change: (inout HardnessOptions) -> Void) {
      var options = HardnessOptions(beta: .fixed(1))
      change(&options)
      #expect(throws: SamplerError.self) { try HardnessWeightedSampler(caseCount: 3, options: options, seed: 1) }
    }
    #expect(throws: SamplerError.noCases) { try HardnessWeightedSampler(caseCount: 0, options: .published(), seed: 1) }
    #expect(throws: SamplerError.noCases) { try HardnessWeightedSampler(losses: [], options: .published(), seed: 1) }
    #expect(throws: SamplerError.self) {
      try HardnessWeightedSampler(losses: [1, .nan], options: .published(), seed: 1)
    }
    expectRejected { $0.beta = .effectiveSampleSize(0) }
    expectRejected { $0.firstVisits = .initialLoss(.infinity, noise: 0) }
    expectRejected { $0.firstVisits = .initialLoss(2, noise: -1) }
    expectRejected { $0.memory = .momentum(1) }
    expectRejected { $0.memory = .runningMean(decay: 1) }
    expectRejected { $0.floor = .minimum(2) }
    expectRejected { $0.floor = .uniformShare(.nan) }
    expectRejected { $0.cap = 0.3 }
    expectRejected { $0.cap = .nan }
    expectRejected { $0.refresh = -0.1 }
    expectRejected { $0.rampEpochs = -1 }
  }

  /// A rejected call leaves the sampler unchanged.
  @Test func rejectedCallsChangeNothing() throws {
    for options in variedOptions() where !options.replacement {
      var sampler = try HardnessWeightedSampler(caseCount: 4, options: options, seed: 1)
      _ = try sampler.draw(1)
      let before = try JSONEncoder().encode(sampler)
      let untouched = sampler
      #expect(throws: SamplerError.impossibleBatch(5, caseCount: 4)) { try sampler.draw(5) }
      #expect(throws: SamplerError.impossibleBatch(-1, caseCount: 4)) { try sampler.draw(-1) }
      #expect(throws: SamplerError.noSuchCase(4, caseCount: 4)) { try sampler.record(losses: [1, 1], for: [0, 4]) }
      #expect(throws: SamplerError.noSuchCase(-1, caseCount: 4)) { try sampler.record(losses: [1], for: [-1]) }
      #expect(throws: SamplerError.countsDiffer(losses: 1, cases: 2)) { try sampler.record(losses: [1], for: [0, 1]) }
      for loss in [Double.nan, Double.infinity, -Double.infinity] {
        #expect(throws: SamplerError.self) { try sampler.record(losses: [1, loss], for: [0, 1]) }
        #expect(throws: SamplerError.self) { try sampler.importanceWeights(losses: [loss], for: [0]) }
      }
      #expect(try JSONDecoder().decode(HardnessWeightedSampler.self, from: before).losses == sampler.losses)
      #expect(sampler.probabilities == untouched.probabilities)
    }
  }
}

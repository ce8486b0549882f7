import Foundation
import HardnessWeighting
import Testing

/// Protects the shares of the draws that groups are guaranteed, and hardness that is pooled over groups.
@Suite struct GroupShareTests {
  private let groups = (0..<40).map { $0 < 4 ? "rare" : "common" }
  /// The rare cases are no harder than the others, but for one of each group.
  private let losses = (0..<40).map { $0 == 0 || $0 == 4 ? 0.9 : 0.5 }

  private func sampler(
    _ share: HardnessOptions.GroupShare?, _ change: (inout HardnessOptions) -> Void = { _ in }
  ) throws -> HardnessWeightedSampler {
    var options = HardnessOptions(beta: .fixed(5))
    options.groupShare = share
    change(&options)
    return try HardnessWeightedSampler(losses: losses, options: options, groups: groups, seed: 3)
  }

  /// What is not guaranteed is drawn by hardness from all cases, and the guaranteed share by hardness in the group.
  @Test func probabilitiesAreTheirDefinition() throws {
    let plain = try sampler(nil).probabilities
    let rare = plain[..<4].reduce(0, +)
    for share in [HardnessOptions.GroupShare.named(["rare": 0.3]), .named(["rare": 0.3, "common": 0.7])] {
      let probabilities = try sampler(share).probabilities
      for index in 0..<40 {
        let fixed = share != .named(["rare": 0.3])
        let within = index < 4 ? 0.3 * plain[index] / rare : fixed ? 0.7 * plain[index] / (1 - rare) : 0
        #expect(abs(probabilities[index] - ((fixed ? 0 : 0.7) * plain[index] + within)) < 1e-12)
      }
      #expect(abs(probabilities.reduce(0, +) - 1) < 1e-12)
    }
  }

  /// Draws follow the probabilities, with and without replacement, and within a batch without replacement no case comes
  /// twice, even when its group is smaller than what it is guaranteed.
  @Test(arguments: [true, false]) func drawsFollowTheProbabilities(replacement: Bool) throws {
    var sampler = try sampler(.each(0.4)) { $0.replacement = replacement }
    var counts = Array(repeating: 0.0, count: 40)
    let expected = sampler.probabilities
    for _ in 0..<20_000 { counts[try sampler.draw(1)[0]] += 1 / 20_000 }
    for index in 0..<40 { #expect(abs(counts[index] - expected[index]) < 0.012) }
    guard !replacement else { return }
    for _ in 0..<200 {
      let batch = try sampler.draw(12)
      #expect(Set(batch).count == 12)
    }
  }

  /// Losses that change reach the draws within the group.
  @Test func drawsWithinAGroupFollowLosses() throws {
    var sampler = try sampler(.named(["rare": 1]))
    try sampler.record(losses: [0.1, 1.2], for: [0, 2])
    let probabilities = sampler.probabilities
    #expect(probabilities[2] > 0.8 && probabilities[0] < 0.05)
    #expect(sampler.probability(of: 2) == probabilities[2])
  }

  /// A sampler that is stored and read goes on with the same draws.
  @Test func storedStateGoesOn() throws {
    var sampler = try sampler(.each(0.25))
    _ = try sampler.draw(3)
    let names = (0..<40).map(String.init)
    let data = try JSONEncoder().encode(SamplerArchive(sampler, caseNames: names))
    var read = try JSONDecoder().decode(SamplerArchive<HardnessWeightedSampler>.self, from: data).sampler(for: names)
    for _ in 0..<20 { #expect(try read.draw(2) == sampler.draw(2)) }
  }

  @Test func impossibleSharesAreRefused() {
    #expect(throws: SamplerError.self) { try self.sampler(.each(0.6)) }
    #expect(throws: SamplerError.noSuchGroup("odd", groups: ["common", "rare"])) {
      try self.sampler(.named(["odd": 0.1]))
    }
    var options = HardnessOptions(beta: .fixed(5))
    options.groupShare = .each(0.1)
    #expect(throws: SamplerError.groupsUnknown) { try HardnessWeightedSampler(caseCount: 4, options: options, seed: 1) }
  }
}

import Files
import Foundation
import HardnessWeighting
import Plans
import Statistics
import TestSupport
import Testing

@testable import Training

/// Protects the replay of samplers over recorded visits: what they are told, and the figures that come out.
@Suite struct SamplerReplayTests {
  private static let groups = (0..<20).reduce(into: [String: String]()) {
    $0["case_\($1)"] = $1 < 2 ? "rare" : "common"
  }

  /// 1000 steps of uniform draws from 20 cases, of which the first two lose 0.5 more, while all losses fall by 1.
  private static func table() throws -> VisitTable {
    var random = CounterRandom(seed: 1)
    var rows = [
      [
        "epoch", "step", "case", "position", "shows_foreground", "absent_classes", "loss", "cross_entropy", "soft_dice",
        "signal", "beta",
      ]
    ]
    for step in 0..<1000 {
      for position in 0..<2 {
        let index = random.integer(0, 19)
        let loss = 1 - Double(step) / 1000 + (index < 2 ? 0.5 : 0) + 0.1 * Double(random.normals().0)
        rows.append([
          String(step / 100), String(step % 100), "case_\(index)", String(position), String(position), "0",
          String(loss), String(loss + 0.5), "0.5", String(loss), "",
        ])
      }
    }
    return try withTemporaryFolder { folder in
      try folder.put(CSV.text(rows), at: "visits.csv")
      return try VisitTable(contentsOf: folder.appendingPathComponent("visits.csv"))
    }
  }

  private func replay(_ change: (inout SamplerSettings) -> Void) throws -> SamplerReplay {
    var settings = SamplerSettings()
    change(&settings)
    return try SamplerReplay(Self.table(), settings: settings, groups: Self.groups, seed: 2)
  }

  @Test func tables() throws {
    let table = try Self.table()
    #expect(table.steps == 1000)
    #expect(table.batchSize == 2)
    #expect(table.caseNames == Self.groups.keys.sorted())
    let entries = table.entries[0]
    #expect(table.nearest(to: -5, of: 0).step == entries[0].step)
    #expect(table.nearest(to: 5000, of: 0).step == entries[entries.count - 1].step)
    for entry in entries { #expect(table.nearest(to: entry.step, of: 0).step == entry.step) }
    #expect(abs(entries[0].signal(.balanced) - entries[0].loss) < 1e-9)
    #expect(entries[0].signal(.dice) == -0.5)
  }

  @Test func uniformDrawsAreUniform() throws {
    let replay = try replay { $0.name = .uniform }
    #expect(replay.groupShares.map(\.group) == ["common", "rare"])
    #expect(replay.groupShares.map(\.cases) == [18, 2])
    for share in replay.groupShares[1].shares { #expect(abs(share - 0.1) < 0.08) }
    #expect(replay.effectiveShares.allSatisfy { abs($0 - 1) < 1e-12 })
    #expect(replay.rankCorrelation == nil)
    #expect(replay.draws.reduce(0, +) == 2000)
    // Drawn with probability 0.1 a step, a case waits for 9 to 10 steps on average.
    #expect(8...11 ~= replay.staleness)
  }

  /// The hard group is drawn more than its share, and the effective sample size is what was asked for.
  @Test func hardCasesAreFound() throws {
    let replay = try replay {
      $0.name = .hardness
      $0.hardness = .estimating()
    }
    let late = replay.groupShares[1].shares[5...].reduce(0, +) / 5
    #expect(late > 0.3)
    #expect(try #require(replay.rankCorrelation) > 0.3)
    #expect(0.25...0.5 ~= replay.effectiveShares[9])
  }

  private static let header =
    "epoch,step,case,position,shows_foreground,absent_classes,loss,cross_entropy,soft_dice\n"

  /// The last two are a batch of a thousand million samples, and a loss whose square is infinite.
  @Test(arguments: [
    "", "epoch,step\n0,0\n", header, header + "0,0,a,1000000000,0,0,1,1,1\n", header + "0,0,a,0,0,0,1e308,1,1\n",
  ])
  func unusableTablesAreRefused(text: String) throws {
    try withTemporaryFolder { folder in
      try folder.put(text, at: "visits.csv")
      #expect(throws: InputError.self) { try VisitTable(contentsOf: folder.appendingPathComponent("visits.csv")) }
    }
  }

  /// In simulated trainings, estimates find hard cases where the last loss loses them, and leave cases that differ by
  /// noise alone uniform.
  @Test func simulatedTrainings() throws {
    func hardShare(_ simulated: SimulatedVisits, _ preset: SamplerSettings.Preset?) throws -> Double {
      var settings = SamplerSettings()
      settings.name = .hardness
      if let preset { settings.apply(preset) }
      let replay = try SamplerReplay(
        simulated.visits(steps: 4000, seed: 1), settings: settings, groups: SimulatedVisits.groups, seed: 1)
      let shares = try #require(replay.groupShares.first { $0.group == "hard" }).shares[3...]
      return shares.reduce(0, +) / Double(shares.count)
    }
    #expect(try hardShare(.starvation, .estimate) > 2 * hardShare(.starvation, nil))
    #expect(try hardShare(.age, .estimate) > 0.3)
    #expect(try hardShare(.kind, .estimate) > 0.3)
    #expect(abs(try hardShare(.null, .estimate) - 0.1) < 0.02)
  }

  /// The rank correlation is that with the truth where one is given, over the cases it knows.
  @Test func truthIsComparedWith() throws {
    var settings = SamplerSettings()
    settings.name = .hardness
    settings.apply(.estimate)
    let visits = SimulatedVisits.ideal.visits(steps: 2000, seed: 1)
    func correlation(_ truth: [String: Double]) throws -> Double {
      let replay = try SamplerReplay(visits, settings: settings, groups: [:], seed: 1, truth: truth)
      return try #require(replay.rankCorrelation)
    }
    let known = visits.caseNames.enumerated().map { ($0.element, visits.entries[$0.offset][0].loss) }
    let truth = Dictionary(uniqueKeysWithValues: known)
    #expect(try correlation(truth) > 0.95)
    #expect(try correlation(truth.mapValues { -$0 }) < -0.95)
    #expect(try correlation(truth.filter { $0.key < "case_040" }) > 0.9)
  }
}

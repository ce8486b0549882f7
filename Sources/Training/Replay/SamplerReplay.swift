import Foundation
import HardnessWeighting
import Plans
import Statistics

/// A sampler run over the recorded visits of a training, without a network: what `hwsseg replay` does.
///
/// When the sampler draws a case, it is told what the recorded visit of that case nearest in time has shown. So the
/// settings of a sampler can be tried in seconds. It cannot show what other draws would have taught the network: the
/// recorded signals stay what they are.
public struct SamplerReplay: Sendable {
  /// How often each group was drawn.
  public let groupShares: [(group: String, cases: Int, shares: [Double])]
  /// The effective sample size of the sampler's probabilities as a share of the cases, in each part of the training.
  public let effectiveShares: [Double]
  /// The mean number of steps since a case was last drawn, over all cases and steps.
  public let staleness: Double
  /// Spearman's rank correlation of what the sampler thinks of each case at the end with how hard the case is;
  /// `nil` where either is equal for all cases, or the sampler does not follow losses.
  ///
  /// What it thinks is the estimate of hardness, or the remembered loss, or the probability. How hard a case is
  /// comes from `truth`, or else from the case's mean deviation from what a typical case had at the time, over
  /// the second half of the recorded visits.
  public let rankCorrelation: Double?
  /// How often each case was drawn, in the order of the table's cases.
  public let draws: [Int]

  /// Replays a training.
  ///
  /// - Parameters:
  ///   - visits: The recorded visits.
  ///   - settings: The sampler.
  ///   - groups: The group of each case that has one.
  ///   - seed: The sampler's seed.
  ///   - truth: How hard each case is by another measure, such as 1 − Dice of the whole case; larger is harder. Cases
  ///     without a value do not count.
  ///   - parts: The number of equal parts of the training for which shares are given.
  /// - Throws: `InputError` when the sampler cannot draw such batches from these cases.
  public init(
    _ visits: VisitTable, settings: SamplerSettings, groups: [String: String], seed: UInt64,
    truth: [String: Double]? = nil, parts: Int = 10
  ) throws {
    let count = visits.caseNames.count
    var sampler = try settings.sampler(
      cases: visits.caseNames, groups: groups, batchSize: visits.batchSize, seed: seed)
    var draws = Array(repeating: 0, count: count)
    var partDraws = Array(repeating: draws, count: parts)
    var effective: [Double] = []
    var lastDraw = Array(repeating: -1, count: count)
    var age = 0.0
    for step in 0..<visits.steps {
      let part = step * parts / visits.steps
      let batch = try sampler.draw(visits.batchSize)
      try sampler.record(
        batch.map { index in
          let entry = visits.nearest(to: step, of: index)
          return Visit(caseIndex: index, signal: entry.signal(settings.signal), kind: entry.kind)
        })
      for index in batch {
        draws[index] += 1
        partDraws[part][index] += 1
        lastDraw[index] = step
      }
      age += lastDraw.reduce(0) { $0 + Double(step - $1) } / Double(count)
      if (step + 1) * parts / visits.steps > part { effective.append(sampler.effectiveSampleSize / Double(count)) }
    }
    self.draws = draws
    effectiveShares = effective
    staleness = age / Double(visits.steps)
    let known: [Double?] =
      truth.map { truth in visits.caseNames.map { truth[$0] } } ?? Self.deviations(in: visits, settings.signal)
    let pairs = zip(Self.hardness(by: sampler), known).compactMap { own, known in known.map { (own, $0) } }
    rankCorrelation =
      settings.followsLosses ? RankCorrelation.spearman(pairs.map(\.0), pairs.map(\.1)) : nil
    let names = Set(visits.caseNames.compactMap { groups[$0] }).sorted()
    groupShares = names.map { group in
      let members = visits.caseNames.indices.filter { groups[visits.caseNames[$0]] == group }
      let shares = partDraws.map { draws in
        Double(members.reduce(0) { $0 + draws[$1] }) / Double(max(1, draws.reduce(0, +)))
      }
      return (group, members.count, shares)
    }
  }

  /// What a sampler thinks of each case: larger is harder.
  private static func hardness(by sampler: any CaseSampler) -> [Double] {
    if let estimator = sampler.estimator { return (0..<sampler.caseCount).map { estimator.estimate(of: $0).mean } }
    // Probabilities can be equal where losses are not: at a floor, at a cap, or too small to tell apart.
    guard let losses = (sampler as? HardnessWeightedSampler)?.losses else { return sampler.probabilities }
    return losses.map { $0 ?? 0 }
  }

  /// Each case's mean deviation from the mean of the visits around it, over the second half of the training.
  private static func deviations(in visits: VisitTable, _ signal: SamplerSettings.Signal) -> [Double] {
    let all = visits.entries.joined().sorted { $0.step < $1.step }
    var sums = [0.0]
    for entry in all { sums.append(sums[sums.count - 1] + entry.signal(signal)) }
    // For each step, the mean of the 101 visits around it.
    var typical: [Int: Double] = [:]
    for (position, entry) in all.enumerated() {
      let (low, high) = (max(0, position - 50), min(all.count, position + 51))
      typical[entry.step] = (sums[high] - sums[low]) / Double(high - low)
    }
    return visits.entries.map { entries in
      let late = entries.filter { $0.step >= visits.steps / 2 }
      let counted = late.isEmpty ? entries : late
      return counted.reduce(0) { $0 + $1.signal(signal) - (typical[$1.step] ?? 0) } / Double(counted.count)
    }
  }
}

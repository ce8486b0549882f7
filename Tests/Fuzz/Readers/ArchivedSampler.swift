import Files
import Foundation
import HardnessWeighting
import Plans
import Training

/// The stored states of samplers.
enum ArchivedSampler {
  /// A sampler after some steps.
  static func used(_ settings: SamplerSettings) throws -> any CaseSampler {
    var sampler = try settings.sampler(
      cases: SampleTables.caseNames, groups: SampleTables.groups, batchSize: 2, seed: 1)
    for step in 0..<5 {
      sampler.beginEpoch(step / 2)
      let batch = try sampler.draw(2)
      try sampler.record(batch.map { Visit(caseIndex: $0, signal: Double(($0 + step) % 4) / 4, kind: $0 % 2) })
    }
    _ = try sampler.draw(2)
    return sampler
  }

  /// The stored state of a sampler after some steps.
  static func archive(_ settings: SamplerSettings) throws -> String { try text(used(settings)) }

  private static func text<Sampler: CaseSampler>(_ sampler: Sampler) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    let data = try encoder.encode(SamplerArchive(sampler, caseNames: SampleTables.caseNames))
    return String(decoding: data, as: UTF8.self)
  }

  private static let types: [any CaseSampler.Type] = [
    UniformSampler.self, ShuffledSampler.self, StaticSampler.self, GroupBalancedSampler.self, GroupDROSampler.self,
    HardnessWeightedSampler.self, StaleLossSampler<CVaRRule>.self, StaleLossSampler<ChiSquareRule>.self,
    StaleLossSampler<RankRule>.self, StaleLossSampler<TopKRule>.self,
  ]

  /// Decodes a state as that of every kind of sampler, and goes on with those that accept it.
  static func use(_ data: Data) throws {
    var isAccepted = false
    for type in types {
      do {
        var sampler: any CaseSampler = try decode(type, data)
        isAccepted = true
        try goOn(&sampler)
        _ = try text(sampler)
      } catch is DecodingError {
      } catch is SamplerError {
      } catch is EncodingError {
        // A score beyond the range of numbers; the training would end with an error too.
      }
    }
    guard isAccepted else { throw InputError("the state", found: "that of no sampler", expected: "one") }
  }

  private static func decode<Sampler: CaseSampler>(_: Sampler.Type, _ data: Data) throws -> Sampler {
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    let names = SampleTables.caseNames
    let sampler = try decoder.decode(SamplerArchive<Sampler>.self, from: data).sampler(for: names)
    _ = try sampler.remapped(Array(names.indices.reversed()))
    return sampler
  }

  /// Draws and records for some steps.
  static func goOn(_ sampler: inout any CaseSampler) throws {
    do {
      for step in 0..<6 {
        sampler.beginEpoch(step / 2)
        let batch = try sampler.draw(2)
        guard batch.allSatisfy({ 0..<sampler.caseCount ~= $0 }) else { throw WrongResult("the batch \(batch)") }
        _ = (batch.map(sampler.probability), sampler.probabilities, sampler.effectiveSampleSize, sampler.warning)
        try sampler.record(batch.map { Visit(caseIndex: $0, signal: Double(step) / 2, kind: $0 % 2) })
      }
      try sampler.record(scores: (0..<sampler.caseCount).map { $0 % 2 == 0 ? Double($0) : nil })
    } catch is SamplerError {
      // A batch that cannot be drawn.
    }
  }
}

import Foundation
import Testing

@testable import Training

/// Protects the moving average of the pseudo Dice, by which the best checkpoint is chosen.
struct EpochRecordTests {
  /// The average starts with the first value, and an epoch without a value leaves it as it is.
  @Test func movingAverage() {
    func record(_ dice: [Double?], after previous: EpochRecord?) -> EpochRecord {
      var record = EpochRecord(
        epoch: 0, learningRate: 0, trainingLoss: 0, pseudoDice: dice, effectiveCases: 1, groupDraws: [:],
        gradientNorm: 0, seconds: 0)
      record.average(after: previous)
      return record
    }
    let first = record([0.5, nil, 0.7], after: nil)
    #expect(abs((first.averagePseudoDice ?? 0) - 0.6) < 1e-12)
    let second = record([nil], after: first)
    #expect(second.meanPseudoDice == nil && second.averagePseudoDice == first.averagePseudoDice)
    let third = record([0.1], after: second)
    #expect(abs((third.averagePseudoDice ?? 0) - 0.55) < 1e-12)
  }

  /// Checkpoints of earlier versions have no mean beside the score.
  @Test func recordsOfEarlierVersions() throws {
    var record = EpochRecord(
      epoch: 0, learningRate: 0, trainingLoss: 0, pseudoDice: [], effectiveCases: 1, groupDraws: [:],
      selectionScore: 0.5, selectionMean: 0.7, gradientNorm: 0, seconds: 0)
    let text = String(decoding: try JSONEncoder().encode(record), as: UTF8.self)
    let earlier = text.replacing(/"selectionMean":[0-9.]+,?/, with: "").replacing(",}", with: "}")
    #expect(earlier != text)
    record.selectionMean = nil
    #expect(try JSONDecoder().decode(EpochRecord.self, from: Data(earlier.utf8)) == record)
  }
}

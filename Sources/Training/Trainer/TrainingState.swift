import Foundation
import HardnessWeighting

/// All that a run must remember, beside the network and the optimizer, to be taken up again exactly.
struct TrainingState: Codable {
  /// The epoch the run is in, from 0.
  var epoch = 0
  /// Training steps done in it.
  var iteration = 0
  /// Sum of the batches' losses and gradient norms, and the time, in this epoch so far.
  var lossSum = 0.0
  var gradientNormSum = 0.0
  var seconds = 0.0
  /// The cases of the batches that have been drawn but not trained on, the next one first.
  var drawnBatches: [[Int]] = []
  /// The finished epochs.
  var history: [EpochRecord] = []
  /// The largest moving average of the pseudo Dice so far.
  var bestAverage: Double?
  /// The names of the training cases in the sampler's order: losses must not end up with other cases.
  let cases: [String]
  /// How often each has been trained on in this epoch.
  var epochDraws: [Int]
  /// What each has lost so far.
  var losses: LossHistory

  private enum CodingKeys: String, CodingKey {
    case epoch, iteration, lossSum, gradientNormSum, seconds, drawnBatches, history, bestAverage, cases, epochDraws
    // The name that files of earlier versions have.
    case losses = "hardCases"
  }

  init(cases: [String]) {
    self.cases = cases
    epochDraws = Array(repeating: 0, count: cases.count)
    losses = LossHistory(caseCount: cases.count)
  }

  /// Whether the numbers of a stored state fit together.
  var isConsistent: Bool {
    epoch >= 0 && iteration >= 0 && epochDraws.count == cases.count
      && losses.isConsistent(caseCount: cases.count) && history.count == epoch
      && drawnBatches.joined().allSatisfy(cases.indices.contains)
  }

  /// Turns to the next epoch.
  mutating func finishEpoch(_ record: EpochRecord) {
    history.append(record)
    epoch += 1
    iteration = 0
    (lossSum, gradientNormSum, seconds) = (0, 0, 0)
    epochDraws = Array(repeating: 0, count: cases.count)
  }

  /// Notes the losses of a batch.
  mutating func record(losses: [Double], cases: [Int]) {
    for index in cases { epochDraws[index] += 1 }
    self.losses.record(losses: losses, for: cases)
  }
}

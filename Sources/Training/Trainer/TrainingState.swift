import Foundation
import HardnessWeighting

/// The state of a run that is needed, besides network, optimizer and sampler, to resume it exactly.
package struct TrainingState: Codable {
  /// The current epoch, from 0.
  var epoch = 0
  /// The number of training steps done in this epoch.
  var iteration = 0
  /// The sum of the losses of this epoch's batches so far.
  var lossSum = 0.0
  /// The sum of the gradient norms of this epoch's batches so far.
  var gradientNormSum = 0.0
  /// The seconds spent in this epoch so far.
  var seconds = 0.0
  /// The batches that have been drawn but not trained on, the next one first.
  package var drawnBatches: [DrawnBatch] = []
  /// The finished epochs.
  var history: [EpochRecord] = []
  /// The largest moving average of the pseudo Dice so far.
  var bestAverage: Double?
  /// The names of the training cases in the order of the sampler, to assign losses to the right cases.
  let cases: [String]
  /// How often each case has been trained on in this epoch.
  var epochDraws: [Int]
  /// The losses of each case so far.
  package var losses: LossHistory
  /// The visits of this epoch so far; `nil` in checkpoints of earlier versions.
  var epochVisits: [VisitRecord]? = []

  /// With what this epoch's batches have been drawn so far; `nil` in checkpoints of earlier versions.
  var samplerMeans: SamplerMeans? = SamplerMeans()
  /// The steps of this epoch that have been left out so far; `nil` in checkpoints of earlier versions.
  var skipped: SkippedSteps? = SkippedSteps()

  /// What the run was begun with and must be resumed with; `nil` in checkpoints of earlier versions.
  var identity: RunIdentity?

  private enum CodingKeys: String, CodingKey {
    case identity
    case epoch, iteration, lossSum, gradientNormSum, seconds, drawnBatches, history, bestAverage, cases, epochDraws
    case epochVisits, samplerMeans, skipped
    // Existing checkpoints have this key.
    case losses = "hardCases"
  }

  package init(cases: [String]) {
    self.cases = cases
    epochDraws = Array(repeating: 0, count: cases.count)
    losses = LossHistory(caseCount: cases.count)
  }

  /// More than any case is drawn, and few enough for sums over all cases.
  private static let maximumDraws = 1 << 40

  /// Whether the values of a decoded state fit together and are numbers that can occur.
  ///
  /// - Parameter batchSize: The number of samples in the network's batches.
  func isConsistent(batchSize: Int) -> Bool {
    epoch >= 0 && iteration >= 0 && epochDraws.count == cases.count
      && epochDraws.allSatisfy { 0...Self.maximumDraws ~= $0 }
      && [lossSum, gradientNormSum, seconds, bestAverage ?? 0].allSatisfy(\.isFinite)
      && losses.isConsistent(caseCount: cases.count) && history.count == epoch
      && drawnBatches.allSatisfy { batch in
        // The samples of a batch are copied into the network's input.
        batch.cases.count == batchSize && batch.cases.allSatisfy(cases.indices.contains)
          && batch.probabilities?.count ?? batch.cases.count == batch.cases.count
      }
      && (epochVisits ?? []).allSatisfy { cases.indices.contains($0.caseIndex) }
  }

  /// Ends the current epoch.
  package mutating func finishEpoch(_ record: EpochRecord) {
    history.append(record)
    epoch += 1
    iteration = 0
    (lossSum, gradientNormSum, seconds) = (0, 0, 0)
    epochDraws = Array(repeating: 0, count: cases.count)
    epochVisits = []
    samplerMeans = SamplerMeans()
    skipped = SkippedSteps()
  }

  /// Records the visits of a batch.
  mutating func record(_ visits: [VisitRecord]) {
    for visit in visits { epochDraws[visit.caseIndex] += 1 }
    losses.record(losses: visits.map(\.loss), for: visits.map(\.caseIndex))
    epochVisits = (epochVisits ?? []) + visits
  }
}

import Statistics

/// The results of one epoch. A value is `nil` when there was nothing to compute it from.
public struct EpochRecord: Codable, Sendable, Equatable {
  /// The number of the epoch, from 0.
  public var epoch: Int
  /// The learning rate of all steps of the epoch.
  public var learningRate: Double
  /// The mean loss over the training batches.
  public var trainingLoss: Double
  /// The mean loss over the validation batches.
  public var validationLoss: Double?
  /// The Dice of each foreground class over all voxels of the validation batches together.
  public var pseudoDice: [Double?]
  /// The mean of `pseudoDice` over the classes that have a value.
  public var meanPseudoDice: Double?
  /// The exponential moving average of `meanPseudoDice`: 0.9 · previous average + 0.1 · new value.
  public var averagePseudoDice: Double?
  /// The effective number of cases, 1 / Σ p², with the probabilities p by which batches were drawn, averaged over the
  /// epoch.
  public var effectiveCases: Double
  /// The mean of the β with which batches were drawn; `nil` for strategies without one.
  public var beta: Double?
  /// The share of the spread of the cases' hardness that is signal; `nil` for strategies that do not estimate it.
  public var signalShare: Double?
  /// The share of each group of cases in the draws of the epoch; empty without groups.
  public var groupDraws: [String: Double]
  /// The robust score of the whole validation cases, by which the plan chooses the best epoch; `nil` in other epochs.
  public var selectionScore: Double?
  /// The mean Dice of the same cases, for comparison; `nil` in other epochs and in checkpoints of earlier versions.
  public var selectionMean: Double?
  /// The mean norm of the gradient before clipping.
  public var gradientNorm: Double
  /// The number of steps that were left out because a loss or the gradient was not finite; `nil` in checkpoints of
  /// earlier versions.
  public var skippedSteps: Int?
  /// What the training's methods tell of the epoch, by column of `log.csv`; `nil` without methods.
  public var methods: [String: Double]?
  /// The duration of the epoch in seconds, including validation.
  public var seconds: Double
}

extension EpochRecord {
  /// Computes the mean of the pseudo Dice and its moving average.
  ///
  /// - Parameter previous: The record of the epoch before, or `nil` for the first epoch.
  mutating func average(after previous: EpochRecord?) {
    let values = pseudoDice.compactMap { $0 }
    meanPseudoDice = values.isEmpty ? nil : SampleMoments.mean(values)
    guard let meanPseudoDice else {
      averagePseudoDice = previous?.averagePseudoDice
      return
    }
    averagePseudoDice = previous?.averagePseudoDice.map { 0.9 * $0 + 0.1 * meanPseudoDice } ?? meanPseudoDice
  }
}

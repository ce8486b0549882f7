/// What an epoch came to. A value that there is nothing to compute from is nil.
public struct EpochRecord: Codable, Sendable, Equatable {
  /// Counted from 0.
  public var epoch: Int
  public var learningRate: Double
  /// Mean loss over the epoch's training batches.
  public var trainingLoss: Double
  /// Mean loss over the validation batches.
  public var validationLoss: Double?
  /// Dice a foreground class over all voxels of the validation batches together.
  public var pseudoDice: [Double?]
  /// Mean of `pseudoDice` over the classes that have one.
  public var meanPseudoDice: Double?
  /// Exponential moving average of `meanPseudoDice`: 0.9 of the one before and 0.1 of the new one.
  public var averagePseudoDice: Double?
  /// How many equally likely cases the sampler's probabilities at the end of the epoch are worth: 1 / Σ p².
  public var effectiveCases: Double
  /// The sampler's β at the end of the epoch, for strategies that have one.
  public var beta: Double?
  /// The share of each group of cases in the epoch's draws, where there are groups.
  public var groupDraws: [String: Double]
  /// Mean norm of the gradient before clipping.
  public var gradientNorm: Double
  /// How long the epoch took, validation included.
  public var seconds: Double
}

extension EpochRecord {
  /// Fills in the mean of the pseudo Dice and carries its moving average on.
  mutating func average(after previous: EpochRecord?) {
    let values = pseudoDice.compactMap { $0 }
    meanPseudoDice = values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
    guard let meanPseudoDice else {
      averagePseudoDice = previous?.averagePseudoDice
      return
    }
    averagePseudoDice = previous?.averagePseudoDice.map { 0.9 * $0 + 0.1 * meanPseudoDice } ?? meanPseudoDice
  }
}

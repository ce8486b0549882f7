import Foundation

extension [EpochRecord] {
  /// A sentence when the loss of the last epoch has grown out of all proportion, and had not before.
  ///
  /// Such a training goes on with finite numbers and learns nothing. Dice plus cross-entropy is seldom above 10, even
  /// with random weights.
  var divergenceWarning: String? {
    guard let first, let last, last.hasDiverged(from: first),
      !dropLast().contains(where: { $0.hasDiverged(from: first) })
    else { return nil }
    return String(
      format: "The mean loss of this epoch is %.3g, that of the first was %.3g: the training diverges. ",
      last.trainingLoss, first.trainingLoss)
      + "Stop it, and start anew with a lower initial_learning_rate (--set training.initial_learning_rate=0.001)."
  }
}

extension EpochRecord {
  fileprivate func hasDiverged(from first: EpochRecord) -> Bool {
    epoch > first.epoch && trainingLoss > 10 && trainingLoss > 10 * first.trainingLoss
  }
}

import Datasets
import UNet

extension Loss {
  /// The loss that nnU-Net uses for a data set: over its regions if it has any, otherwise over its classes.
  ///
  /// - Parameters:
  ///   - description: The labels of the data set.
  ///   - batchDice: Whether Dice is computed over the whole batch instead of each sample.
  init(_ description: DatasetDescription, batchDice: Bool) {
    self.init(
      description.hasRegions ? .regions(description.regions.map(\.values)) : .classes,
      ignoreLabel: description.ignoreLabel, batchDice: batchDice)
  }
}

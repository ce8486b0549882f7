import Datasets
import UNet

extension Loss {
  /// The loss nnU-Net gives a data set: over the classes, or over the regions where it has any.
  init(_ description: DatasetDescription, batchDice: Bool) {
    self.init(
      description.hasRegions ? .regions(description.regions.map(\.values)) : .classes,
      ignoreLabel: description.ignoreLabel, batchDice: batchDice)
  }
}

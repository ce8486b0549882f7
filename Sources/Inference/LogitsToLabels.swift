import Datasets
import Files
import NIfTI

/// Converts the logits of one training, on its preprocessed grid, to labels on the grid of the image.
struct LogitsToLabels: Sendable {
  /// A model of the training; its plan and labels are those of all folds.
  let model: Model

  /// Resamples the logits one output channel at a time, assigns the labels, and undoes crop and transposition.
  ///
  /// - Parameter withProbabilities: Whether to return the probabilities too, [output channel, z, y, x]. Outside the
  ///   crop the background has probability 1 and every other channel 0.
  /// - Throws: `InputError` when a logit is not finite.
  func convert(
    _ logits: TileAccumulator, _ properties: CaseProperties, withProbabilities: Bool
  ) throws -> (labels: Volume<Int32>, probabilities: [Float]?) {
    let grid = OriginalGrid(properties: properties, plan: model.plan)
    let regionLabels = model.dataset.hasRegions ? model.dataset.regionsClassOrder : nil
    let voxels = properties.shapeAfterCropping.reduce(1, *)
    var assignment = LabelAssignment(voxels: voxels, regionLabels: regionLabels)
    var kept: [Float] = []
    for channel in 0..<logits.outputChannels {
      let resampled = grid.resample(logits.logits(of: channel)).voxels
      guard resampled.allSatisfy(\.isFinite) else {
        throw InputError(
          model.folder.url.path, found: "weights that give logits that are not finite", expected: "a trained network",
          advice: "Look at the losses in the training's log.csv.")
      }
      assignment.add(resampled)
      if withProbabilities { kept += resampled }
    }
    let labels = grid.restore(assignment.labels, background: 0)
    guard withProbabilities else { return (labels, nil) }
    LabelAssignment.probabilities(of: &kept, channels: logits.outputChannels, areRegions: regionLabels != nil)
    var probabilities: [Float] = []
    for channel in 0..<logits.outputChannels {
      let background: Float = channel == 0 && regionLabels == nil ? 1 : 0
      let channelValues = Array(kept[channel * voxels..<(channel + 1) * voxels])
      probabilities += grid.restore(channelValues, background: background).voxels
    }
    return (labels, probabilities)
  }
}

import Datasets
import Files
import NIfTI

/// The way from a training's logits to labels on an image's own grid.
struct LogitsToLabels: Sendable {
  /// One of the training's models.
  let model: Model

  /// Resamples the logits class by class, decides on the labels and brings them to the image's own grid.
  ///
  /// - Throws: `InputError` when a logit is not finite.
  func segment(
    _ logits: TileAccumulator, _ properties: CaseProperties, withProbabilities: Bool
  ) throws -> (labels: Volume<Int32>, probabilities: [Float]?) {
    let frame = OriginalGrid(properties: properties, plan: model.plan)
    let regionLabels = model.dataset.hasRegions ? model.dataset.regionsClassOrder : nil
    let voxels = properties.shapeAfterCropping.reduce(1, *)
    var decision = LabelAssignment(voxels: voxels, regionLabels: regionLabels)
    var kept: [Float] = []
    for channel in 0..<logits.channels {
      let resampled = frame.resample(logits.logits(of: channel)).voxels
      guard resampled.allSatisfy(\.isFinite) else {
        throw InputError(
          model.folder.url.path, found: "weights that give numbers that are not finite", expected: "a trained network",
          advice: "Look at the losses in the training's log.csv.")
      }
      decision.add(resampled)
      if withProbabilities { kept += resampled }
    }
    let labels = frame.restore(decision.labels, background: 0)
    guard withProbabilities else { return (labels, nil) }
    LabelAssignment.probabilities(of: &kept, channels: logits.channels, areRegions: regionLabels != nil)
    var probabilities: [Float] = []
    for channel in 0..<logits.channels {
      let background: Float = channel == 0 && regionLabels == nil ? 1 : 0
      let ofChannel = Array(kept[channel * voxels..<(channel + 1) * voxels])
      probabilities += frame.restore(ofChannel, background: background).voxels
    }
    return (labels, probabilities)
  }
}

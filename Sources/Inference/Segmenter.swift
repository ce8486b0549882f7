import Datasets
import Files
import NIfTI

/// The way from a training's logits to labels on an image's own grid.
struct Segmenter: Sendable {
  /// One of the training's models.
  let model: Model

  /// Resamples the logits class by class, decides on the labels and brings them to the image's own grid.
  ///
  /// - Throws: `InputError` when a logit is not finite.
  func segment(
    _ logits: TileAccumulator, _ properties: CaseProperties, withProbabilities: Bool
  ) throws -> (labels: Volume<Int32>, probabilities: [Float]?) {
    let frame = OriginalFrame(properties: properties, plan: model.plan)
    let regionLabels = model.dataset.hasRegions ? model.dataset.regionsClassOrder : nil
    let voxels = properties.shapeAfterCropping.reduce(1, *)
    var decision = LabelDecision(voxels: voxels, regionLabels: regionLabels)
    var kept: [Float] = []
    for head in 0..<logits.heads {
      let resampled = frame.resample(logits.logits(of: head)).voxels
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
    LabelDecision.probabilities(of: &kept, heads: logits.heads, areRegions: regionLabels != nil)
    var probabilities: [Float] = []
    for head in 0..<logits.heads {
      let background: Float = head == 0 && regionLabels == nil ? 1 : 0
      let ofHead = Array(kept[head * voxels..<(head + 1) * voxels])
      probabilities += frame.restore(ofHead, background: background).voxels
    }
    return (labels, probabilities)
  }
}

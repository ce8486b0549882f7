import Datasets
import NIfTI

/// Turns the logits of all trainings into one prediction.
///
/// A single training is labeled by its resampled logits. Several are labeled by the mean of their probabilities, as in
/// `nnUNetv2_ensemble`.
struct EnsembleAverage: Sendable {
  let dataset: DatasetDescription
  /// One for each training, in the order of `CaseLogits.trainings`.
  let converters: [LogitsToLabels]

  /// Makes the prediction of a case on the grid of its images.
  ///
  /// - Parameter withProbabilities: Whether the prediction contains the probabilities of all output channels.
  /// - Throws: `InputError` when logits are not finite.
  func prediction(from caseLogits: CaseLogits, withProbabilities: Bool) throws -> Prediction {
    func convert(_ training: Int, withProbabilities: Bool) throws -> (labels: Volume<Int32>, probabilities: [Float]?) {
      let (logits, properties) = caseLogits.trainings[training]
      return try converters[training].convert(logits, properties, withProbabilities: withProbabilities)
    }
    func makePrediction(_ labels: Volume<Int32>, _ probabilities: [Float]?) -> Prediction {
      Prediction(
        name: caseLogits.name, ending: dataset.fileEnding, labels: labels, geometry: caseLogits.geometry,
        probabilities: probabilities)
    }
    let averages = converters.count > 1
    let first = try convert(0, withProbabilities: withProbabilities || averages)
    guard averages else { return makePrediction(first.labels, first.probabilities) }
    var mean = first.probabilities ?? []
    for training in converters.indices.dropFirst() {
      let other = try convert(training, withProbabilities: true).probabilities ?? []
      for index in mean.indices { mean[index] += other[index] }
    }
    for index in mean.indices { mean[index] /= Float(converters.count) }
    let voxels = first.labels.voxels.count
    var assignment = LabelAssignment(
      voxels: voxels, regionLabels: dataset.hasRegions ? dataset.regionsClassOrder : nil, threshold: 0.5)
    for channel in 0..<mean.count / voxels { assignment.add(Array(mean[channel * voxels..<(channel + 1) * voxels])) }
    return makePrediction(Volume(shape: first.labels.shape, voxels: assignment.labels), withProbabilities ? mean : nil)
  }
}

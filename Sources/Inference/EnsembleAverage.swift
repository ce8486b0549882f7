import Datasets
import NIfTI

/// What trainings say together: the labels of the only one, or those of the averaged probabilities.
struct EnsembleAverage: Sendable {
  let dataset: DatasetDescription
  /// One a training.
  let segmenters: [LogitsToLabels]

  /// - Parameter withProbabilities: also keeps the probabilities of all classes.
  /// - Throws: `InputError` when weights give numbers that are not finite.
  func decide(_ one: CaseLogits, withProbabilities: Bool) throws -> Prediction {
    func segment(_ training: Int, withProbabilities: Bool) throws -> (labels: Volume<Int32>, probabilities: [Float]?) {
      let (logits, properties) = one.trainings[training]
      return try segmenters[training].segment(logits, properties, withProbabilities: withProbabilities)
    }
    func prediction(_ labels: Volume<Int32>, _ probabilities: [Float]?) -> Prediction {
      Prediction(
        name: one.name, ending: dataset.fileEnding, labels: labels, geometry: one.geometry, probabilities: probabilities
      )
    }
    let isAverage = segmenters.count > 1
    let first = try segment(0, withProbabilities: withProbabilities || isAverage)
    guard isAverage else { return prediction(first.labels, first.probabilities) }
    var mean = first.probabilities ?? []
    for training in segmenters.indices.dropFirst() {
      let other = try segment(training, withProbabilities: true).probabilities ?? []
      for index in mean.indices { mean[index] += other[index] }
    }
    for index in mean.indices { mean[index] /= Float(segmenters.count) }
    let voxels = first.labels.voxels.count
    var decision = LabelAssignment(
      voxels: voxels, regionLabels: dataset.hasRegions ? dataset.regionsClassOrder : nil, threshold: 0.5)
    for channel in 0..<mean.count / voxels { decision.add(Array(mean[channel * voxels..<(channel + 1) * voxels])) }
    return prediction(Volume(shape: first.labels.shape, voxels: decision.labels), withProbabilities ? mean : nil)
  }
}

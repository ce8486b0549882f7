import Datasets
import Files
import NIfTI
import Threads

/// The segmentation of a case while it comes into being, on the grid of its images.
///
/// A single training is labeled by its resampled logits, plane by plane. Several are labeled by the mean of their
/// probabilities, as in `nnUNetv2_ensemble`, so that the probabilities of all voxels are kept.
struct Segmentation: Sendable {
  let name: String
  /// The geometry of the case's first input channel.
  let geometry: Geometry
  private let dataset: DatasetDescription
  private let trainings: Int
  private let withProbabilities: Bool
  /// The number of trainings whose logits have been added.
  private var added = 0
  private var labels: Volume<Int32>
  /// The probabilities, [output channel, z, y, x], if they are needed: sums until the last training makes them means.
  private var probabilities: [Float]

  /// Begins with background everywhere.
  ///
  /// - Parameters:
  ///   - trainings: The number of trainings whose logits will be added.
  ///   - withProbabilities: Whether the prediction will contain the probabilities of all output channels.
  init(name: String, geometry: Geometry, dataset: DatasetDescription, trainings: Int, withProbabilities: Bool) {
    (self.name, self.geometry, self.dataset, self.trainings) = (name, geometry, dataset, trainings)
    self.withProbabilities = withProbabilities
    labels = Volume(shape: geometry.shape, repeating: 0)
    probabilities = []
    guard withProbabilities || trainings > 1 else { return }
    let voxels = labels.voxels.count
    probabilities = Array(repeating: 0, count: dataset.outputChannels * voxels)
    // Outside the crop the background has probability 1, and every other channel 0.
    if !dataset.hasRegions { for voxel in 0..<voxels { probabilities[voxel] = 1 } }
  }

  /// Adds a training.
  ///
  /// - Parameters:
  ///   - image: The case as the training's plan preprocesses it.
  ///   - predictor: Computes its logits.
  /// - Throws: `InputError` when a logit is not finite.
  mutating func add(_ image: PreprocessedCase, _ predictor: Predictor) throws {
    let channels = dataset.outputChannels
    let grid = OriginalGrid(properties: image.properties, plan: predictor.plan)
    var resampler = grid.resampler(from: image.shape, channels: channels)
    try predictor.logits(of: image) { plane in
      try resampler.add(plane) { z, logits in
        guard logits.allSatisfy(\.isFinite) else {
          throw InputError(
            predictor.folder, found: "weights that give logits that are not finite", expected: "a trained network",
            advice: "Look at the losses in the training's log.csv.")
        }
        put(logits, plane: z, of: grid)
      }
    }
    added += 1
  }

  /// Stores the probabilities of a plane, if they are needed, and after the last training its labels.
  private mutating func put(_ logits: [Float], plane z: Int, of grid: OriginalGrid) {
    var assignment = LabelAssignment(regionLabels: dataset.hasRegions ? dataset.regionsClassOrder : nil)
    let (channels, isFirst, isLast) = (dataset.outputChannels, added == 0, added == trainings - 1)
    var values = logits
    if !probabilities.isEmpty {
      assignment.replaceByProbabilities(&values, channels: channels)
      let (voxels, planeVoxels) = (labels.voxels.count, values.count / channels)
      let divisor = isLast ? Float(trainings) : 1
      probabilities.withUnsafeMutableBufferPointer { sums in
        values.withUnsafeMutableBufferPointer { values in
          nonisolated(unsafe) let (sums, values) = (sums, values)
          Parallel.forEach(channels) { channel in
            grid.forEachVoxel(ofPlane: z) { index, fileIndex in
              let (source, target) = (channel * planeVoxels + index, channel * voxels + fileIndex)
              sums[target] = (isFirst ? values[source] : sums[target] + values[source]) / divisor
              values[source] = sums[target]
            }
          }
        }
      }
    }
    guard isLast else { return }
    if trainings > 1 { assignment.threshold = 0.5 }
    let planeLabels = assignment.labels(of: trainings > 1 ? values : logits, channels: channels)
    labels.voxels.withUnsafeMutableBufferPointer { labels in
      planeLabels.withUnsafeBufferPointer { planeLabels in
        grid.forEachVoxel(ofPlane: z) { labels[$1] = planeLabels[$0] }
      }
    }
  }

  /// The prediction, once all trainings have been added.
  var prediction: Prediction {
    Prediction(
      name: name, ending: dataset.fileEnding, labels: labels, geometry: geometry,
      probabilities: withProbabilities ? probabilities : nil)
  }
}

import Datasets
import Files
import Foundation
import NIfTI

/// What it takes to segment a case of which only the headers have been read.
struct CaseNeeds {
  /// The number of tiles, for each training.
  let tiles: [Int]
  /// The memory for reading and preprocessing, with the preprocessed images, in bytes.
  let prepare: Int
  /// The memory while the networks run: preprocessed images, sums of logits, labels and probabilities, in bytes.
  let compute: Int
  /// The memory for post-processing and writing, in bytes.
  let finish: Int
  /// The size of the probabilities, in bytes; 0 when they are not needed.
  let probabilities: Int

  private let savesProbabilities: Bool

  /// Memory for each step beside its volumes: buffers, stacks, and what the allocator keeps, in bytes.
  private static let spare = 20_000_000

  /// The memory while nothing else is in work.
  var alone: Int { max(prepare, compute, finish) }

  /// - Parameters:
  ///   - geometry: The geometry of the case's images.
  ///   - trainings: What matters of each training.
  ///   - withProbabilities: Whether the prediction will contain the probabilities of all output channels.
  ///   - postprocesses: Whether the labels will be post-processed.
  ///   - bodyBytes: The memory that is taken for each voxel of the image file by what receives the prediction.
  /// - Throws: `InputError` when the image would be empty or too large after preprocessing.
  init(
    _ name: String, _ geometry: Geometry, _ trainings: [PredictionOutline], withProbabilities: Bool,
    postprocesses: Bool,
    bodyBytes: Int = 0
  ) throws {
    var tiles: [Int] = []
    var (images, preprocessing, sums) = (0, 0, 0)
    let channels = trainings[0].plan.configuration.normalizationSchemes.count
    let outputChannels = trainings[0].outputChannels
    let voxels = geometry.shape.reduce(1, *)
    for (index, training) in trainings.enumerated() {
      let (shape, properties) = try training.preprocessor.properties(of: geometry, caseName: name)
      tiles.append(training.tileCount(shape))
      // The preprocessed images of the trainings before this one are there already. Those that were read are kept for
      // the trainings after it.
      let read = index < trainings.count - 1 ? 4 * channels * voxels : 0
      preprocessing = max(preprocessing, images + read + training.preprocessor.bytes(geometry, shape: shape))
      images += 4 * channels * shape.reduce(1, *)
      let resampler = OriginalGrid(properties: properties, plan: training.plan)
        .resampler(from: shape, channels: outputChannels)
      sums = max(sums, training.sumBytes(shape) + resampler.bytes)
    }
    let labels = 4 * voxels
    probabilities = withProbabilities || trainings.count > 1 ? 4 * outputChannels * voxels : 0
    savesProbabilities = withProbabilities
    self.tiles = tiles
    prepare = Self.spare + preprocessing
    compute = Self.spare + images + sums + labels + probabilities
    // Post-processing makes two masks, numbers all parts, and copies the labels.
    finish = Self.spare + labels + probabilities + ((postprocesses ? 14 : 0) + bodyBytes) * voxels
  }

  /// Why the case cannot be segmented with the memory there is.
  ///
  /// - Parameters:
  ///   - need: The memory with what is held beside the case, in bytes.
  ///   - available: The memory that can be used, in bytes.
  ///   - file: The case's first image.
  func excess(_ need: Int, available: Int, file: URL) -> InputError {
    InputError(
      file.path, found: "an image that needs \(ByteCount.text(need)) of memory to be segmented",
      expected: "at most the \(ByteCount.text(available)) that are available",
      advice: "Crop the image or give it larger voxels, or use a machine with more memory"
        + (savesProbabilities ? ", or do not save probabilities." : "."))
  }
}

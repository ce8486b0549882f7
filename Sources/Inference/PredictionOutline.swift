import Datasets
import Plans

/// What of a training decides how many tiles and how much memory the prediction of a case takes.
struct PredictionOutline {
  let preprocessor: Preprocessor
  /// The number of output channels of the network.
  let outputChannels: Int
  /// The largest distance between neighboring tiles as a share of the patch size.
  let stepSize: Double

  var plan: Plan { preprocessor.plan }
  private var patch: [Int] { plan.configuration.patchSize }

  /// The number of tiles that cover a preprocessed image of the given shape.
  func tileCount(_ shape: [Int]) -> Int {
    TileAccumulator.starts(shape: shape, patch: patch, step: stepSize).reduce(1) { $0 * $1.count }
  }

  /// The memory that the sums of logits of a preprocessed image take, in bytes.
  func sumBytes(_ shape: [Int]) -> Int { 4 * outputChannels * min(shape[0], patch[0]) * shape[1] * shape[2] }
}

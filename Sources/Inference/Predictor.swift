import Datasets
import Files
import Foundation
import Imaging
import NIfTI
import Plans
import Tensors
import UNet

/// Computes logits with the folds of one training.
///
/// As in nnU-Net, a preprocessed image is covered with overlapping tiles, each tile is predicted together with its
/// mirror images, and the logits of tiles, mirror images and folds are averaged; see ``SlidingWindow``.
public final class Predictor {
  /// How tiles are placed and predicted.
  public struct Options: Sendable {
    /// The largest distance between neighboring tiles as a share of the patch size, in (0, 1].
    public var stepSize: Double
    /// The axes (0 = z) along which tiles are mirrored, or `nil` for those that all models allow.
    ///
    /// A tile is predicted once for every subset of the axes: eight times for all three, once for none.
    public var mirrorAxes: [Int]?
    /// What computes the convolutions.
    public var engine: Engine
    /// The precision of feature maps and convolutions. Logits are 32-bit floats in any case.
    public var precision: Precision

    /// Creates options; the defaults are nnU-Net's.
    public init(
      stepSize: Double = 0.5, mirrorAxes: [Int]? = nil, engine: Engine = .auto, precision: Precision = .float32
    ) {
      self.stepSize = stepSize
      self.mirrorAxes = mirrorAxes
      self.engine = engine
      self.precision = precision
    }
  }

  private let models: [Model]
  private let options: Options
  private let mirrorAxes: [Int]
  let preprocessor: Preprocessor
  /// The plan that all models share.
  var plan: Plan { models[0].plan }
  /// The folder of the first model, for error messages.
  var folder: String { models[0].folder.url.path }
  private let network: Network
  /// The index of the model whose weights are in `network`.
  private var loadedIndex: Int?

  /// Builds the network and checks that the weights of all models fit it.
  ///
  /// - Throws: `InputError` when weights do not fit the plan's network, when the models differ in preprocessing, patch,
  ///   network or labels, when an option is out of range, or when the precision is not available.
  init(_ models: [Model], options: Options) throws {
    try options.engine.check(options.precision)
    guard options.stepSize > 0, options.stepSize <= 1 else {
      throw InputError("step size", found: "\(options.stepSize)", expected: "more than 0 and at most 1")
    }
    self.models = models
    guard let first = models.first else {
      throw InputError("models", found: "none", expected: "at least one model folder")
    }
    guard options.stepSize * Double(first.configuration.patchSize.min() ?? 1) >= 1 else {
      throw InputError(
        "step size", found: "\(options.stepSize), less than a voxel", expected: "a larger share of the patch",
        advice: "nnU-Net's is 0.5; tiles closer than 0.25 hardly change a segmentation.")
    }
    for model in models.dropFirst() where !model.canAverageLogits(with: first) {
      throw InputError(
        model.folder.url.path, found: "another plan or other labels than in \(first.folder.url.path)",
        expected: "models that share preprocessing, patch, network and labels",
        advice: "Average folds of one plan only, or predict with each model alone.")
    }
    mirrorAxes =
      options.mirrorAxes ?? first.mirrorAxes.filter { axis in models.allSatisfy { $0.mirrorAxes.contains(axis) } }
    guard mirrorAxes.allSatisfy({ 0...2 ~= $0 }), Set(mirrorAxes).count == mirrorAxes.count else {
      throw InputError("mirror axes", found: "\(mirrorAxes)", expected: "some of 0, 1 and 2, each once")
    }
    self.options = options
    preprocessor = try Preprocessor(plan: first.plan, description: first.dataset)
    network = try Network(
      first.architecture, patch: first.configuration.patchSize, batchSize: 1, training: false, engine: options.engine,
      precision: options.precision)
    // A checkpoint that does not fit must fail here, not after hours of prediction.
    for index in models.indices.reversed() { try load(index) }
  }

  /// The number of passes of the network over each tile: one for each mirror image and model.
  var passesPerTile: Int { mirrorings.count * models.count }
  /// The number of output channels of the network.
  var outputChannels: Int { models[0].architecture.outputChannels }
  /// What decides how many tiles and how much memory a case takes.
  var outline: PredictionOutline {
    PredictionOutline(preprocessor: preprocessor, outputChannels: outputChannels, stepSize: options.stepSize)
  }

  /// The multiplications and additions of the network for a tile.
  var operationsPerPass: Int { network.forwardOperations }

  /// Measures how long the network takes for a tile, in seconds.
  func secondsPerPass() -> Double {
    func pass() -> Double { ContinuousClock().measure { network.forward() } / .seconds(1) }
    let first = pass()
    // The first pass sets up what later ones reuse. Where it took long, that does not matter.
    return first < 1 ? pass() : first
  }

  /// For each mirror image of a tile, the axes along which it is reversed.
  private var mirrorings: [[Bool]] {
    (0..<1 << mirrorAxes.count).map { subset in
      var mirrored = [false, false, false]
      for (bit, axis) in mirrorAxes.enumerated() { mirrored[axis] = subset >> bit & 1 == 1 }
      return mirrored
    }
  }

  /// Computes the logits of an image, averaged over all tiles, mirror images and models.
  ///
  /// All models predict a row of tiles before the next row begins, so that planes become final one after the other.
  ///
  /// - Parameter body: Receives the planes in order, each [output channel, y, x]: 32-bit floats in double precision.
  /// - Throws: What `body` throws.
  func logits(of image: PreprocessedCase, _ body: ([Double]) throws -> Void) throws {
    let inputChannels = models[0].architecture.inputChannels
    var accumulator = TileAccumulator(
      shape: image.shape, patch: models[0].configuration.patchSize,
      outputChannels: outputChannels, step: options.stepSize)
    let mirrorings = mirrorings
    let share = 1 / Float(passesPerTile)
    for (row, tiles) in accumulator.rows.enumerated() {
      for index in models.indices {
        try load(index)
        for start in tiles {
          for mirrored in mirrorings {
            image.data.withUnsafeBufferPointer { data in
              network.input.withUnsafeMutableBufferPointer {
                accumulator.cut(data, channels: inputChannels, at: start, mirrored: mirrored, into: $0)
              }
            }
            network.forward()
            network.outputs[0].withUnsafeBufferPointer {
              accumulator.add($0, at: start, mirrored: mirrored, share: share)
            }
          }
        }
      }
      for z in accumulator.finalPlanes(afterRow: row) { try body(accumulator.takePlane(z)) }
    }
  }

  /// Loads the weights of a model unless the network has them already.
  private func load(_ index: Int) throws {
    guard loadedIndex != index else { return }
    loadedIndex = nil
    try network.load(models[index].weights)
    loadedIndex = index
  }
}

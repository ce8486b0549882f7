import Datasets
import Files
import Foundation
import Imaging
import NIfTI
import Tensors
import UNet

/// Runs the trained networks of one training over preprocessed images, nnU-Net's way: it predicts overlapping tiles and their mirror
/// images, and averages the logits.
public final class Predictor {
  /// How the tiles are laid and looked at.
  public struct Options: Sendable {
    /// Largest distance between tiles as a part of the patch, in (0, 1].
    public var stepSize: Double
    /// Axes (0 = z) along which tiles are also predicted mirrored: every subset of them, so 8 passes for all three. When left out,
    /// those that all models allow.
    public var mirrorAxes: [Int]?
    public var engine: Engine

    public init(stepSize: Double = 0.5, mirrorAxes: [Int]? = nil, engine: Engine = .auto) {
      self.stepSize = stepSize
      self.mirrorAxes = mirrorAxes
      self.engine = engine
    }
  }

  private let models: [Model]
  private let options: Options
  private let mirrorAxes: [Int]
  let preprocessor: Preprocessor
  private let network: Network
  /// Which model's weights the network holds.
  private var loaded: Int?

  /// - Throws: `InputError` when a checkpoint is of another architecture than its plan, the models were not made for the same
  ///   preprocessing, patch and classes, or an option is out of its range.
  init(_ models: [Model], options: Options) throws {
    guard options.stepSize > 0, options.stepSize <= 1 else {
      throw InputError("step size", found: "\(options.stepSize)", expected: "more than 0 and at most 1")
    }
    self.models = models
    guard let first = models.first else {
      throw InputError("models", found: "none", expected: "at least one model folder")
    }
    for model in models.dropFirst() where !model.agrees(with: first) {
      throw InputError(
        model.folder.url.path, found: "another plan or other labels than in \(first.folder.url.path)",
        expected: "models that share preprocessing, patch, network and labels",
        advice: "Predict with each alone, or average folds of one plan.")
    }
    mirrorAxes =
      options.mirrorAxes ?? first.mirrorAxes.filter { axis in models.allSatisfy { $0.mirrorAxes.contains(axis) } }
    guard mirrorAxes.allSatisfy({ 0...2 ~= $0 }), Set(mirrorAxes).count == mirrorAxes.count else {
      throw InputError("mirror axes", found: "\(mirrorAxes)", expected: "some of 0, 1 and 2, each once")
    }
    self.options = options
    preprocessor = try Preprocessor(plan: first.plan, description: first.dataset)
    network = try Network(
      first.architecture, patch: first.configuration.patchSize, batchSize: 1, training: false, engine: options.engine)
    // Every checkpoint is tried before the first case, so that a wrong one is not found out after hours.
    for index in models.indices.reversed() { try load(index) }
  }

  /// Averages the logits of all models, tiles and flips.
  func logits(of image: PreprocessedCase) throws -> TileAccumulator {
    let channels = models[0].architecture.inputChannels
    var accumulator = TileAccumulator(
      shape: image.shape, patch: models[0].configuration.patchSize, channels: models[0].architecture.outputChannels,
      step: options.stepSize)
    let flips = (0..<1 << mirrorAxes.count).map { subset in
      var mirrored = [false, false, false]
      for (bit, axis) in mirrorAxes.enumerated() { mirrored[axis] = subset >> bit & 1 == 1 }
      return mirrored
    }
    let share = 1 / Float(flips.count * models.count)
    for index in models.indices {
      try load(index)
      for start in accumulator.tiles {
        for mirrored in flips {
          image.data.withUnsafeBufferPointer { data in
            network.input.withUnsafeMutableBufferPointer {
              accumulator.cut(data, channels: channels, at: start, mirrored: mirrored, into: $0)
            }
          }
          network.forward()
          network.outputs[0].withUnsafeBufferPointer {
            accumulator.add($0, at: start, mirrored: mirrored, share: share)
          }
        }
      }
    }
    return accumulator
  }

  private func load(_ index: Int) throws {
    guard loaded != index else { return }
    loaded = nil
    try network.load(models[index].weights)
    loaded = index
  }
}

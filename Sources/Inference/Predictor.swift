import Datasets
import Files
import Foundation
import Imaging
import NIfTI
import Tensors
import UNet

/// Runs trained networks over whole images, nnU-Net's way: preprocess, predict overlapping tiles and their mirror images, average
/// the logits, resample them to the image's own grid and take the most likely class.
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

  public let models: [Model]
  /// What the models were trained on: channels, labels and the files' ending.
  public var dataset: DatasetDescription { models[0].dataset }
  private let options: Options
  private let mirrorAxes: [Int]
  private let preprocessor: Preprocessor
  private let network: Network
  /// Which model's weights the network holds.
  private var loaded: Int?

  /// Reads the models; the logits of several are averaged.
  ///
  /// - Throws: `InputError` when a folder is not a model, a checkpoint is of another architecture than its plan, the models were
  ///   not made for the same preprocessing, patch and classes, or an option is out of its range.
  public convenience init(models folders: [URL], checkpoint: Model.Checkpoint = .final, options: Options = .init())
    throws
  {
    try self.init(folders.map { try Model($0, checkpoint: checkpoint) }, options: options)
  }

  /// - Throws: as for folders.
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
        model.folder.path, found: "another plan or other labels than in \(first.folder.path)",
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

  /// Segments one case; a label map it may have is not looked at.
  ///
  /// - Parameter withProbabilities: also keeps the probabilities of all classes.
  /// - Throws: `InputError` when an image cannot be read or does not fit the others, or the weights give numbers that are not finite.
  public func predict(_ rawCase: RawCase, withProbabilities: Bool = false) throws -> Prediction {
    let unlabelled = RawCase(name: rawCase.name, images: rawCase.images, label: nil)
    let loaded = try LoadedCase(unlabelled, dataset)
    let preprocessed = try preprocessor.preprocess(images: loaded.images, labels: nil, caseName: rawCase.name)
    let frame = OriginalFrame(properties: preprocessed.properties, plan: models[0].plan)
    let segmented = try segment(logits(of: preprocessed), frame, withProbabilities: withProbabilities)
    return Prediction(
      name: rawCase.name, ending: dataset.fileEnding, labels: segmented.labels, geometry: loaded.geometry,
      probabilities: segmented.probabilities)
  }

  /// Averages the logits of all models, tiles and flips.
  private func logits(of image: PreprocessedCase) throws -> TileAccumulator {
    let channels = models[0].architecture.inputChannels
    var accumulator = TileAccumulator(
      shape: image.shape, patch: models[0].configuration.patchSize, heads: models[0].architecture.outputChannels,
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

  /// Resamples the logits class by class, decides on the labels and brings them to the image's own grid.
  private func segment(
    _ logits: TileAccumulator, _ frame: OriginalFrame, withProbabilities: Bool
  ) throws -> (labels: Volume<Int32>, probabilities: [Float]?) {
    let regionLabels = models[0].dataset.hasRegions ? models[0].dataset.regionsClassOrder : nil
    let voxels = frame.properties.shapeAfterCropping.reduce(1, *)
    var decision = LabelDecision(voxels: voxels, regionLabels: regionLabels)
    var kept: [Float] = []
    for head in 0..<logits.heads {
      let resampled = frame.resample(logits.logits(of: head)).voxels
      guard resampled.allSatisfy(\.isFinite) else {
        throw InputError(
          models[0].folder.path, found: "weights that give numbers that are not finite", expected: "a trained network",
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

  private func load(_ index: Int) throws {
    guard loaded != index else { return }
    loaded = nil
    try network.load(models[index].weights)
    loaded = index
  }
}

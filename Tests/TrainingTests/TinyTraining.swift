import Datasets
import Files
import Foundation
import Logging
import Plans
import Statistics
import TensorFiles
import Tensors
import TestSupport

@testable import Training

/// A few made-up cases, each with a bright ball, and a network small enough to train on them in a moment.
final class TinyTraining {
  private let temporary: TemporaryFolder
  let names = (0..<6).map { "case_\($0)" }
  let shape = [14, 18, 16]
  var settings = TrainingSettings()
  var batchSize = 2
  var batchDice = false

  /// The labels of dataset.json, and how each case's label map is changed before it is written.
  private let labels: String
  private let relabel: (_ label: Int16, _ distance: Int) -> Int16

  /// - Parameters:
  ///   - labels: The labels of dataset.json; the ball is 1.
  ///   - relabel: Changes a voxel's label, given its squared distance from the ball's center; -1 (outside) stays.
  init(
    labels: String = #"{"background": 0, "ball": 1}"#,
    relabel: @escaping (_ label: Int16, _ distance: Int) -> Int16 = { label, _ in label }
  ) throws {
    (self.labels, self.relabel) = (labels, relabel)
    temporary = try TemporaryFolder()
    settings.epochs = 2
    settings.iterationsPerEpoch = 5
    settings.validationIterations = 2
    for (index, name) in names.enumerated() { try write(name, index) }
    try plan.write(to: store.appendingPathComponent("plans.json"))
    try description().write(to: store.appendingPathComponent("dataset.json"))
    let index = "{\"cases\": [\(names.map { "\"\($0)\"" }.joined(separator: ", "))]}"
    try Data(index.utf8).write(to: store.appendingPathComponent("cases.json"))
  }

  var folder: URL { temporary.url }

  private var store: URL { folder.appendingPathComponent("preprocessed") }

  private func write(_ name: String, _ index: Int) throws {
    var random = CounterRandom(seed: 77, iteration: index, position: 0, purpose: .patch)
    var image: [Float] = []
    var labels: [Int16] = []
    var voxels: [Int16: [Int32]] = [:]
    for z in 0..<shape[0] {
      for y in 0..<shape[1] {
        for x in 0..<shape[2] {
          let distance = (z - 7) * (z - 7) + (y - 9) * (y - 9) + (x - 6 - index / 2) * (x - 6 - index / 2)
          let isInside = distance < 20
          let label = isInside ? relabel(1, distance) : x == 0 ? -1 : relabel(0, distance)
          labels.append(label)
          image.append((isInside ? 1 : 0) + 0.3 * random.normals().0)
          // A region centered at one of these has it at its center: the near borders do not move it.
          if min(z, y, x) >= 6 { voxels[label, default: []] += [Int32(z), Int32(y), Int32(x)] }
        }
      }
    }
    try writeCase(name, image: image, labels: labels, voxels: voxels)
  }

  /// Writes a preprocessed case.
  func writeCase(_ name: String, image: [Float], labels: [Int16], voxels: [Int16: [Int32]]) throws {
    let description = try description()
    var classes = description.hasRegions ? description.regions.map(\.values) : description.foregroundLabels.map { [$0] }
    if description.ignoreLabel != nil { classes.append([-1] + description.allLabels) }
    let properties = CaseProperties(
      spacing: [1, 1, 1], shapeBeforeCropping: shape, boundingBox: shape.map { [0, $0] }, shapeAfterCropping: shape)
    try Safetensors.write(
      [
        Safetensors.Tensor("data", shape: [1] + shape, floats: image),
        Safetensors.Tensor("labels", shape: shape, int16s: labels),
      ]
        + classes.map { values in
          let inside = values.flatMap { voxels[Int16($0)] ?? [] }
          return Safetensors.Tensor(
            "class_locations/" + values.map(String.init).joined(separator: "_"), shape: [inside.count / 3, 3],
            int32s: inside)
        }, metadata: ["properties": String(decoding: try JSONEncoder().encode(properties), as: UTF8.self)],
      to: store.appendingPathComponent("\(name).safetensors"))
  }

  /// The plan, with the settings as they are now.
  var plan: Plan {
    let network = NetworkPlan(
      features: [4, 6, 8], kernels: Array(repeating: [3, 3, 3], count: 3),
      strides: [[1, 1, 1], [2, 2, 2], [2, 2, 2]], activation: NetworkPlan.leakyReLU)
    let configuration = PlanConfiguration(
      name: "3d_fullres", dataIdentifier: "tiny", patchSize: [12, 12, 12], batchSize: batchSize, spacing: [1, 1, 1],
      medianImageSize: [14, 18, 16], normalizationSchemes: ["ZScoreNormalization"], useMaskForNorm: [true],
      network: network, batchDice: batchDice)
    return Plan(
      datasetName: "Tiny", plansName: "plans", transposeForward: [0, 1, 2], intensityProperties: [],
      configurations: [configuration], training: settings)
  }

  func description() throws -> DatasetDescription {
    let file = folder.appendingPathComponent("dataset.json")
    let text =
      #"{"channel_names": {"0": "MR"}, "labels": \#(labels), "regions_class_order": [1, 2], "#
      + #""numTraining": 6, "file_ending": ".nii.gz"}"#
    try Data(text.utf8).write(to: file)
    return try DatasetDescription(contentsOf: file)
  }

  func task(_ model: String, resumes: Bool = false, overwrites: Bool = false) throws -> TrainingTask {
    TrainingTask(
      plan: plan, description: try description(),
      store: try PreprocessedStore(store),
      split: Split(training: Array(names[..<4]), validation: Array(names[4...])),
      groups: ["case_0": "round", "case_1": "round", "case_2": "oval", "case_3": "oval"],
      folder: ModelFolder(folder.appendingPathComponent(model)), resumes: resumes, overwrites: overwrites)
  }

  func trainer(_ model: String, resumes: Bool = false, overwrites: Bool = false) throws -> Trainer {
    try Trainer(try task(model, resumes: resumes, overwrites: overwrites), progress: .silent)
  }

  /// The cells of a model's sampler.csv, without the header.
  func samplerRows(_ model: String) throws -> [[String]] {
    try CSV.rows(contentsOf: ModelFolder(folder.appendingPathComponent(model)).samplerLog).dropFirst().map(\.cells)
  }

  func weights(_ model: String, _ checkpoint: String = "checkpoint_final") throws -> [String: [Float]] {
    let file = try Safetensors(
      contentsOf: folder.appendingPathComponent(model).appendingPathComponent("\(checkpoint).safetensors"))
    return try Dictionary(uniqueKeysWithValues: file.entries.keys.map { ($0, try file.floats($0)) })
  }
}

extension TrainingProgress {
  /// Says nothing.
  static var silent: TrainingProgress {
    TrainingProgress(logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, showsSteps: false)
  }
}

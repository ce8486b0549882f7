import Datasets
import Foundation
import NIfTI
import TensorFiles
import Tensors
import UNet

@testable import Inference

/// Models made of the network in `Fixtures/plain`, and images for them.
enum FixtureModel {
  private static let fixture = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("Fixtures/plain")

  /// Writes a results folder whose folds have the fixture's network with all weights multiplied by a factor, one for
  /// each fold.
  static func training(_ name: String, factors: [Float], in folder: URL) throws -> [Model] {
    let training = folder.appendingPathComponent(name)
    try FileManager.default.createDirectory(at: training, withIntermediateDirectories: true)
    for file in ["plans.json", "dataset.json"] {
      try FileManager.default.copyItem(
        at: fixture.appendingPathComponent(file), to: training.appendingPathComponent(file))
    }
    let model = try Model(ModelFolder(fixture.appendingPathComponent("fold_0")))
    let network = try Network(model.architecture, patch: model.configuration.patchSize, batchSize: 1, training: false)
    return try factors.enumerated().map { fold, factor in
      try network.load(model.weights)
      for parameter in network.parameters {
        parameter.value.withUnsafeMutableBufferPointer { for index in $0.indices { $0[index] *= factor } }
      }
      let model = ModelFolder(fold: .number(fold), of: training)
      try Safetensors.write(network.weights(), to: model.checkpoint(.final))
      return try Model(model)
    }
  }

  /// Writes an image of made-up voxels, which depend on `factor`.
  static func writeCase(_ name: String, factor: Int, in folder: URL) throws -> RawCase {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let image = folder.appendingPathComponent("\(name)_0000.nii.gz")
    let shape = [8, 8, 16]
    let voxels = (0..<1024).map { Float($0 * factor % 1009) }
    try NIfTIFile.write(
      image: Volume(shape: shape, voxels: voxels), geometry: Geometry(shape: shape, spacing: [1, 1, 1]), to: image)
    return RawCase(name: name, images: [image], label: nil)
  }
}

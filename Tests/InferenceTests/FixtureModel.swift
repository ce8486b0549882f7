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
  ///
  /// - Parameter border: The number of voxels at each side of the image that are 0, and so are cropped.
  static func writeCase(
    _ name: String, factor: Int, shape: [Int] = [8, 8, 16], spacing: [Double] = [1, 1, 1], border: Int = 0,
    in folder: URL
  ) throws -> RawCase {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let image = folder.appendingPathComponent("\(name)_0000.nii.gz")
    var volume = Volume(
      shape: shape, voxels: (0..<shape.reduce(1, *)).map { Float($0 * factor % 1009 + (border > 0 ? 1 : 0)) })
    for z in 0..<shape[0] {
      for y in 0..<shape[1] {
        for x in 0..<shape[2] {
          let isInside = zip([z, y, x], shape).allSatisfy { $0 >= border && $0 < $1 - border }
          if !isInside { volume[z, y, x] = 0 }
        }
      }
    }
    try NIfTIFile.write(image: volume, geometry: Geometry(shape: shape, spacing: spacing), to: image)
    return RawCase(name: name, images: [image], label: nil)
  }
}

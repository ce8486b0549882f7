import Datasets
import Files
import Foundation
import NIfTI
import TensorFiles
import Tensors

/// The segmentation of one case on the grid of its images.
public struct Prediction: Sendable {
  public let name: String
  /// Of the file to be written.
  public let ending: String
  public var labels: Volume<Int32>
  /// Where the case's first channel lies.
  public let geometry: Geometry
  /// [class or region, z, y, x], when they were asked for. Outside the crop to nonzero voxels the background has 1; regions have 0.
  public let probabilities: [Float]?

  /// Writes `CASE.nii.gz`, or whatever the ending is, and, if there are probabilities, `CASE_probabilities.safetensors`.
  ///
  /// - Throws: `InputError` when the folder cannot be written.
  public func write(to folder: URL) throws {
    if let probabilities {
      let channels = probabilities.count / labels.voxels.count
      try Safetensors.write(
        [.init("probabilities", shape: [channels] + labels.shape, floats: probabilities)],
        to: folder.appendingPathComponent("\(name)_probabilities.safetensors"))
    }
    try NIfTIFile.write(labels: labels, geometry: geometry, to: folder.appendingPathComponent(name + ending))
  }
}

import Datasets
import Files
import Foundation
import NIfTI
import TensorFiles
import Tensors

/// The segmentation of one case on the grid of its images.
public struct Prediction: Sendable {
  /// The name of the case.
  public let name: String
  /// The ending of the file with the labels, for example `.nii.gz`.
  public let ending: String
  /// The label of each voxel, post-processed if that was asked for.
  public var labels: Volume<Int32>
  /// The geometry of the case's first input channel.
  public let geometry: Geometry
  /// The probabilities before post-processing, [class or region, z, y, x], or `nil` when they were not asked for.
  ///
  /// Outside the nonzero region, which networks do not see, the background has 1 and everything else 0.
  public let probabilities: [Float]?

  /// Writes the labels as `CASE` plus `ending`, and the probabilities, if any, as `CASE_probabilities.safetensors`.
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

import Files
import Foundation
import NIfTI
import TensorFiles
import Tensors

/// A case in memory after cropping, normalization and resampling.
///
/// Axes are in the plan's transposed order.
public struct PreprocessedCase: Sendable {
  /// The normalized intensities, channel by channel, each (z, y, x) with x fastest.
  public let data: [Float]
  /// The number of image channels.
  public let channels: Int
  /// The shape in voxels, (z, y, x).
  public let shape: [Int]
  /// The label map, with -1 outside the nonzero region; `nil` when the case has none.
  public let labels: Volume<Int16>?
  /// What is needed to go back to the original grid.
  public let properties: CaseProperties
  /// Sampled voxels of each foreground label or region; empty without a label map.
  public let classLocations: [ClassLocations]

  static let propertiesKey = "properties"
  static let locationsPrefix = "class_locations/"

  /// The name of the array with a class's locations, which ends in its values joined by underscores.
  static func locationsName(_ values: [Int]) -> String {
    locationsPrefix + values.map(String.init).joined(separator: "_")
  }

  /// Writes the case as a safetensors file with the arrays `data` [C, z, y, x], `labels` [z, y, x] and
  /// `class_locations/…` [n, 3].
  ///
  /// - Throws: `InputError` when the file cannot be written.
  func write(to url: URL) throws {
    var tensors = [Safetensors.Tensor("data", shape: [channels] + shape, floats: data)]
    if let labels { tensors.append(Safetensors.Tensor("labels", shape: shape, int16s: labels.voxels)) }
    for locations in classLocations {
      tensors.append(
        Safetensors.Tensor(
          Self.locationsName(locations.values), shape: [locations.voxels.count / 3, 3], int32s: locations.voxels))
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    let text = String(decoding: try encoder.encode(properties), as: UTF8.self)
    try Safetensors.write(tensors, metadata: [Self.propertiesKey: text], to: url)
  }
}

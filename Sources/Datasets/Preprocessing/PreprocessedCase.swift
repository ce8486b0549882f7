import Files
import Foundation
import NIfTI
import TensorFiles
import Tensors

/// A case cropped, normalized and resampled, ready for patches to be cut from it. Axes are in the plan's transposed order.
public struct PreprocessedCase: Sendable {
  /// Channel by channel, each (z, y, x) with x fastest.
  public let data: [Float]
  public let channels: Int
  /// (z, y, x).
  public let shape: [Int]
  /// Labels, -1 outside the nonzero region; `nil` when there is no label map.
  public let labels: Volume<Int16>?
  public let properties: CaseProperties
  /// Empty without labels.
  public let classLocations: [ClassLocations]

  static let propertiesKey = "properties"
  static let locationsPrefix = "class_locations/"

  /// The name of the array of a class's locations: its values, joined by underscores.
  static func locationsName(_ values: [Int]) -> String {
    locationsPrefix + values.map(String.init).joined(separator: "_")
  }

  /// Writes the case as one safetensors file: `data` [C, z, y, x], `labels` [z, y, x], and `class_locations/…` [n, 3].
  ///
  /// - Throws: `InputError` when the place cannot be written.
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

import Files
import Foundation
import NIfTI

/// The images and label map of a raw case, read and checked.
public struct LoadedCase: Sendable {
  /// The images, one for each channel and all of one shape.
  public let images: [Image]
  /// The label map on the same grid; `nil` when the case has none.
  public let labels: Volume<Int32>?

  /// The geometry of the case, taken from its first channel.
  public var geometry: Geometry { images[0].geometry }

  /// Reads a case's files.
  ///
  /// - Throws: `InputError` naming the file that cannot be read, that differs from the first channel in shape or
  ///   spacing, or whose label map holds a value that is not in `dataset.json`.
  public init(_ rawCase: RawCase, _ description: DatasetDescription) throws {
    try rawCase.checkGeometry()
    images = try rawCase.images.map(NIfTIFile.read)
    labels = try rawCase.label.map { file in
      let labels = try NIfTIFile.readLabels(file).labels
      try RawCase.check(labels, of: file, description)
      return labels
    }
  }
}

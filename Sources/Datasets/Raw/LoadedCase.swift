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

extension RawCase {
  /// Checks in the headers of all files that shapes agree, and spacings to a relative 1e-5.
  ///
  /// - Throws: `InputError` naming the file that differs from the first channel.
  func checkGeometry() throws {
    guard let first = images.first else {
      throw InputError("case \(name)", found: "no image", expected: "one for each channel")
    }
    let geometry = try NIfTIFile.readGeometry(first)
    for file in images.dropFirst() + (label.map { [$0] } ?? []) {
      let other = try NIfTIFile.readGeometry(file)
      guard other.shape == geometry.shape else {
        throw InputError(
          file.path, found: "shape \(other.shape)",
          expected: "\(geometry.shape) (z, y, x), as in \(first.lastPathComponent)")
      }
      guard zip(other.spacing, geometry.spacing).allSatisfy({ abs($0 - $1) <= 1e-8 + 1e-5 * abs($1) }) else {
        throw InputError(
          file.path, found: "spacing \(other.spacing) mm",
          expected: "\(geometry.spacing) (z, y, x), as in \(first.lastPathComponent)")
      }
    }
  }

  /// Checks the values of a label map that was read from `file`.
  ///
  /// - Throws: `InputError` when it holds a value that is not in `dataset.json`.
  static func check(_ labels: Volume<Int32>, of file: URL, _ description: DatasetDescription) throws {
    // `DatasetDescription` has checked that the values are 0, 1, 2, ….
    let known = Int32(description.allLabels.count + (description.ignoreLabel == nil ? 0 : 1))
    let unknownLabel = labels.voxels.withUnsafeBufferPointer { voxels -> Int32? in
      for voxel in voxels where voxel < 0 || voxel >= known { return voxel }
      return nil
    }
    if let unknownLabel {
      throw InputError(
        file.path, found: "the label \(unknownLabel)", expected: "0 to \(known - 1), which dataset.json names",
        advice: "Correct the label map, or name the label in dataset.json.")
    }
  }
}

extension RawDataset {
  /// Checks the shapes and spacings of all files, and the values of all label maps.
  ///
  /// The voxels of images are not read.
  ///
  /// - Throws: `InputError` naming the first file at fault.
  public func checkIntegrity() throws {
    for rawCase in cases {
      try rawCase.checkGeometry()
      if let label = rawCase.label { try RawCase.check(NIfTIFile.readLabels(label).labels, of: label, description) }
    }
  }
}

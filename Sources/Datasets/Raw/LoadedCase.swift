import Files
import Foundation
import NIfTI

/// The voxels of a raw case, read and checked.
public struct LoadedCase: Sendable {
  /// A volume a channel, all of one shape.
  public let images: [Image]
  public let labels: Volume<Int32>?

  /// Shape and spacing of the case, (z, y, x).
  public var geometry: Geometry { images[0].geometry }

  /// Reads a case's files.
  ///
  /// - Throws: `InputError` naming the file when one cannot be read, when channels or label map differ in shape or spacing, or when
  ///   the label map holds a value that `dataset.json` does not name.
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
  /// Compares the headers of all files: shape, and spacing to 1e-5.
  ///
  /// - Throws: `InputError` naming the file that differs from the first channel.
  func checkGeometry() throws {
    guard let first = images.first else {
      throw InputError("case \(name)", found: "no image", expected: "one a channel")
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

  /// - Throws: `InputError` when `labels`, read from `file`, hold a value that `dataset.json` does not name.
  static func check(_ labels: Volume<Int32>, of file: URL, _ description: DatasetDescription) throws {
    // The values are consecutive, from 0.
    let known = Int32(description.allLabels.count + (description.ignoreLabel == nil ? 0 : 1))
    let stranger = labels.voxels.withUnsafeBufferPointer { voxels -> Int32? in
      for voxel in voxels where voxel < 0 || voxel >= known { return voxel }
      return nil
    }
    if let stranger {
      throw InputError(
        file.path, found: "the label \(stranger)", expected: "0 to \(known - 1), which dataset.json names",
        advice: "Correct the label map, or name the label in dataset.json.")
    }
  }
}

extension RawDataset {
  /// Checks every case: shapes and spacings of all files, and the values of all label maps. Image voxels are checked where they are read.
  ///
  /// - Throws: `InputError` naming the first file at fault.
  public func checkIntegrity() throws {
    for rawCase in cases {
      try rawCase.checkGeometry()
      if let label = rawCase.label { try RawCase.check(NIfTIFile.readLabels(label).labels, of: label, description) }
    }
  }
}

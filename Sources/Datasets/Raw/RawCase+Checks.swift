import Files
import Foundation
import NIfTI

extension RawCase {
  /// Checks in the headers of all files that shapes and positions agree, and spacings to a relative 1e-5.
  ///
  /// nnU-Net only warns of positions that differ. Such files usually belong to different images, or one of them is
  /// flipped, so that a training on them learns nothing.
  ///
  /// - Returns: The geometry of the first channel.
  /// - Throws: `InputError` naming the file that differs from the first channel, or that is shorter than its header
  ///   says.
  @discardableResult
  public func checkGeometry() throws -> Geometry {
    guard let first = images.first else {
      throw InputError("case \(name)", found: "no image", expected: "one for each channel")
    }
    let geometry = try NIfTIFile.readGeometry(first)
    for file in images.dropFirst() + (label.map { [$0] } ?? []) {
      let other = try NIfTIFile.readGeometry(file)
      try other.check(
        agreesWith: geometry, file: file, other: first,
        advice: "Resample it to the grid of that image, or correct its header.")
      guard zip(other.spacing, geometry.spacing).allSatisfy({ abs($0 - $1) <= 1e-8 + 1e-5 * abs($1) }) else {
        throw InputError(
          file.path, found: "spacing \(other.spacing) mm",
          expected: "\(geometry.spacing) (z, y, x), as in \(first.lastPathComponent)")
      }
    }
    return geometry
  }

  /// Checks the values of a label map that was read from `file`.
  ///
  /// - Throws: `InputError` when it holds a value that is not in `dataset.json`.
  package static func check(_ labels: Volume<Int32>, of file: URL, _ description: DatasetDescription) throws {
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

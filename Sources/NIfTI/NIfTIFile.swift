import Files
import Foundation

/// Reads and writes volumes in NIfTI-1 and NIfTI-2 files: `.nii`, `.hdr` with `.img`, each also
/// with `.gz`.
///
/// The axis order is (z, y, x) with x fastest, as in the file and in nnU-Net's readers; nothing is
/// flipped or reoriented. The spacing is the header's `pixdim` in mm. Every function may be called
/// from any thread.
public enum NIfTIFile {
  /// Reads an image as 32-bit floats, with the header's intensity scaling applied, as nnU-Net's
  /// readers do.
  ///
  /// - Throws: `InputError` when the file cannot be read, is damaged, is not a single 3-D volume of
  ///   real numbers, or has voxels that are not finite.
  public static func read(_ url: URL) throws -> Image {
    let reader = try VolumeReader(url)
    var voxels: [Float] = []
    voxels.reserveCapacity(reader.initialCapacity)
    try reader.forEachChunk { start, chunk in
      if let bad = chunk.firstIndex(where: { !$0.isFinite }) {
        throw InputError(
          url.path, found: "the value \(chunk[bad]) at voxel \(reader.coordinates(ofVoxel: start + bad))",
          expected: "finite intensities",
          advice: "Replace NaN and infinity, for example by 0.")
      }
      voxels.append(contentsOf: chunk)
    }
    return Image(volume: Volume(shape: reader.header.shape, voxels: voxels), geometry: reader.header.geometry)
  }

  /// Reads a label map: whole numbers from 0 to 65535, stored in any voxel type.
  ///
  /// - Throws: `InputError` for the reasons that `read` has, and for any other value.
  public static func readLabels(_ url: URL) throws -> (labels: Volume<Int32>, geometry: Geometry) {
    let reader = try VolumeReader(url)
    var voxels: [Int32] = []
    voxels.reserveCapacity(reader.initialCapacity)
    try reader.forEachChunk { start, chunk in
      if let bad = chunk.firstIndex(where: { !($0 >= 0 && $0 <= 65535 && $0 == $0.rounded(.down)) }) {
        throw InputError(
          url.path, found: "the label \(chunk[bad]) at voxel \(reader.coordinates(ofVoxel: start + bad))",
          expected: "whole numbers from 0 to 65535", advice: "Check that this is a label map and not an image.")
      }
      for value in chunk { voxels.append(Int32(value)) }
    }
    return (Volume(shape: reader.header.shape, voxels: voxels), reader.header.geometry)
  }

  /// Reads only the header, and checks it against the length of the file.
  ///
  /// - Throws: `InputError` for the reasons that `read` has, except for those that only the voxels
  ///   show.
  public static func readGeometry(_ url: URL) throws -> Geometry {
    try VolumeReader(url).header.geometry
  }

  /// Describes a file for people: its header, its intensities, and the number of voxels of each label.
  ///
  /// Voxels are counted by value only when they are all whole numbers and have at most 64 different
  /// values. Voxels that are not finite are counted and are not an error.
  ///
  /// - Returns: Pairs of a name and a value, in the order in which to show them.
  /// - Throws: `InputError` for the other reasons that `read` has.
  public static func describe(_ url: URL) throws -> [(String, String)] {
    let reader = try VolumeReader(url)
    var statistics = VoxelStatistics()
    try reader.forEachChunk { statistics.add(UnsafeBufferPointer($1)) }
    return reader.description + statistics.description
  }

  /// Writes a label map as uint8, or as uint16 when a label is above 255.
  ///
  /// If the geometry was read from a file, the new file keeps that header's version, affine, form
  /// codes, units and zooms bit for bit.
  ///
  /// - Parameters:
  ///   - labels: Whole numbers from 0 to 65535.
  ///   - geometry: Where the labels lie; it must have their shape.
  ///   - url: The file to replace as a whole; it is compressed when its name ends in `.gz`.
  /// - Throws: `InputError` when the labels or the shape are not as described, the name does not
  ///   end like that of a NIfTI file, or the file cannot be written.
  public static func write(labels: Volume<Int32>, geometry: Geometry, to url: URL) throws {
    let (minimum, maximum) = labels.voxels.reduce((Int32(0), Int32(0))) { (min($0.0, $1), max($0.1, $1)) }
    guard minimum >= 0, maximum <= 65535 else {
      throw InputError(
        url.path, found: "labels from \(minimum) to \(maximum)", expected: "labels from 0 to 65535 to write")
    }
    let type: VoxelType = maximum > 255 ? .uint16 : .uint8
    try VolumeWriter.write(shape: labels.shape, type: type, geometry: geometry, to: url) { range, bytes in
      labels.voxels.withUnsafeBufferPointer { voxels in
        for i in range {
          if type == .uint8 {
            bytes.storeBytes(of: UInt8(voxels[i]), toByteOffset: i - range.lowerBound, as: UInt8.self)
          } else {
            bytes.storeBytes(of: UInt16(voxels[i]), toByteOffset: 2 * (i - range.lowerBound), as: UInt16.self)
          }
        }
      }
    }
  }

  /// Writes an image as 32-bit floats. Geometry and file are treated as they are for labels.
  ///
  /// - Throws: `InputError` when the shapes differ, the name does not end like that of a NIfTI
  ///   file, or the file cannot be written.
  public static func write(image: Volume<Float>, geometry: Geometry, to url: URL) throws {
    try VolumeWriter.write(shape: image.shape, type: .float32, geometry: geometry, to: url) { range, bytes in
      image.voxels.withUnsafeBytes { voxels in
        bytes.copyMemory(from: UnsafeRawBufferPointer(rebasing: voxels[4 * range.lowerBound..<4 * range.upperBound]))
      }
    }
  }
}

import Files
import Foundation

/// Reads and writes volumes in NIfTI-1 and NIfTI-2 files: `.nii`, `.hdr` with `.img`, each also with `.gz`.
///
/// Axis order is (z, y, x) with x fastest, the order of the file and of nnU-Net's readers; nothing is flipped or reoriented.
/// Spacing is the header's `pixdim`. Every function may be called from any thread.
public enum NIfTIFile {
  /// Reads an image, with the header's intensity scaling applied, as nnU-Net's readers give it: float32.
  ///
  /// - Throws: `InputError` when the file cannot be read, is not a single 3-D volume of real voxels, is damaged, or has voxels
  ///   that are not finite.
  public static func read(_ url: URL) throws -> Image {
    let reader = try VolumeReader(url)
    var voxels: [Float] = []
    voxels.reserveCapacity(reader.reserve)
    try reader.forEachChunk { start, chunk in
      if let bad = chunk.firstIndex(where: { !$0.isFinite }) {
        throw InputError(
          url.path, found: "the value \(chunk[bad]) at voxel \(reader.index(start + bad))",
          expected: "finite intensities",
          advice: "Replace NaN and infinity, for example by 0.")
      }
      voxels.append(contentsOf: chunk)
    }
    return Image(volume: Volume(shape: reader.header.shape, voxels: voxels), geometry: reader.header.geometry)
  }

  /// Reads a label map of whole numbers 0 to 65535, stored as any type.
  ///
  /// - Throws: `InputError` as `read` does, and for values that are not such numbers.
  public static func readLabels(_ url: URL) throws -> (labels: Volume<Int32>, geometry: Geometry) {
    let reader = try VolumeReader(url)
    var voxels: [Int32] = []
    voxels.reserveCapacity(reader.reserve)
    try reader.forEachChunk { start, chunk in
      if let bad = chunk.firstIndex(where: { !($0 >= 0 && $0 <= 65535 && $0 == $0.rounded(.down)) }) {
        throw InputError(
          url.path, found: "the label \(chunk[bad]) at voxel \(reader.index(start + bad))",
          expected: "whole numbers from 0 to 65535", advice: "Check that this is a label map and not an image.")
      }
      for value in chunk { voxels.append(Int32(value)) }
    }
    return (Volume(shape: reader.header.shape, voxels: voxels), reader.header.geometry)
  }

  /// Reads the header alone, and holds it against the file's length.
  ///
  /// - Throws: `InputError` as `read` does, as far as the header shows it.
  public static func readGeometry(_ url: URL) throws -> Geometry {
    try VolumeReader(url).header.geometry
  }

  /// Says what a file holds, in pairs of a name and a value, for a person to read: header and intensities, and how many voxels
  /// each label has when there are no more than 64 values, all whole. Voxels that are not finite are counted, not refused.
  ///
  /// - Throws: `InputError` as `read` does otherwise.
  public static func describe(_ url: URL) throws -> [(String, String)] {
    let reader = try VolumeReader(url)
    var statistics = VoxelStatistics()
    try reader.forEachChunk { statistics.add(UnsafeBufferPointer($1)) }
    return reader.words + statistics.words
  }

  /// Writes a label map: uint8, or uint16 when a label is above 255; compressed when the name ends in `.gz`.
  ///
  /// A geometry that was read from a file gives its header back: version, affine, both form codes, units and zooms bit for
  /// bit. It has to be of the labels' shape.
  ///
  /// - Throws: `InputError` for a name or place that cannot be written, and labels outside 0 to 65535.
  public static func write(labels: Volume<Int32>, geometry: Geometry, to url: URL) throws {
    let (least, most) = labels.voxels.reduce((Int32(0), Int32(0))) { (min($0.0, $1), max($0.1, $1)) }
    guard least >= 0, most <= 65535 else {
      throw InputError(url.path, found: "labels from \(least) to \(most) to write", expected: "0 to 65535")
    }
    let type: VoxelType = most > 255 ? .uint16 : .uint8
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

  /// Writes an image as float32; compressed when the name ends in `.gz`. The geometry is treated as for labels.
  ///
  /// - Throws: `InputError` for a name or place that cannot be written.
  public static func write(image: Volume<Float>, geometry: Geometry, to url: URL) throws {
    try VolumeWriter.write(shape: image.shape, type: .float32, geometry: geometry, to: url) { range, bytes in
      image.voxels.withUnsafeBytes { voxels in
        bytes.copyMemory(from: UnsafeRawBufferPointer(rebasing: voxels[4 * range.lowerBound..<4 * range.upperBound]))
      }
    }
  }
}

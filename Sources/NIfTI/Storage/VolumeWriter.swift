import Files
import Foundation

/// Writes headers and voxels to new files.
enum VolumeWriter {
  private static let chunkVoxels = 1 << 18

  /// Writes a volume to one file, or to a pair of files, each replaced as a whole.
  ///
  /// - Parameter fill: Stores the voxels of a range into memory of exactly their size.
  /// - Throws: `InputError` when `shape` is not that of `geometry`, an axis is too long for
  ///   NIfTI-1, or a file cannot be written.
  static func write(
    shape: [Int], type: VoxelType, geometry: Geometry, to url: URL,
    fill: (Range<Int>, UnsafeMutableRawBufferPointer) -> Void
  ) throws {
    guard shape == geometry.shape, shape.allSatisfy({ (1...32767).contains($0) }) else {
      throw InputError(
        url.path, found: "a volume of shape \(shape) with a geometry of shape \(geometry.shape)",
        expected: "the same shape, 1 to 32767 along each axis")
    }
    guard let files = FilePair(writing: url) else {
      throw InputError(
        url.path, found: "a name that does not end like that of a NIfTI file",
        expected: "one that ends in .nii, .nii.gz, .hdr, .hdr.gz, .img or .img.gz")
    }
    let header = Header.bytes(of: geometry, type: type, isSingleFile: files.image == nil)
    try OutputFile.replace(files.image ?? files.header) { file in
      // In a single file, four zero bytes say that no header extensions follow.
      if files.image == nil { try (header + [0, 0, 0, 0]).withUnsafeBytes(file.write) }
      let count = shape[0] * shape[1] * shape[2]
      let buffer = UnsafeMutableRawBufferPointer.allocate(
        byteCount: min(count, chunkVoxels) * type.size, alignment: 16)
      defer { buffer.deallocate() }
      for start in stride(from: 0, to: count, by: chunkVoxels) {
        let range = start..<min(count, start + chunkVoxels)
        let part = UnsafeMutableRawBufferPointer(rebasing: buffer[0..<range.count * type.size])
        fill(range, part)
        try file.write(UnsafeRawBufferPointer(part))
      }
    }
    if files.image != nil {
      try OutputFile.replace(files.header) { try header.withUnsafeBytes($0.write) }
    }
  }
}

import Files
import Foundation

/// Puts headers and voxels into new files.
enum VolumeWriter {
  private static let chunkVoxels = 1 << 18

  /// - Parameter fill: puts the voxels of a range into memory that has just room for them.
  static func write(
    shape: [Int], type: VoxelType, geometry: Geometry, to url: URL,
    fill: (Range<Int>, UnsafeMutableRawBufferPointer) -> Void
  ) throws {
    guard shape == geometry.shape, shape.allSatisfy({ (1...32767).contains($0) }) else {
      throw InputError(
        url.path, found: "a volume of shape \(shape) to write with a geometry of shape \(geometry.shape)",
        expected: "the same shape, 1 to 32767 along each axis")
    }
    guard let files = FilePair(writing: url) else {
      throw InputError(
        url.path, found: "a name to write that is not of a NIfTI file",
        expected: "an ending in .nii, .nii.gz, .hdr, .hdr.gz, .img or .img.gz")
    }
    let header = Header.bytes(of: geometry, type: type, isSingleFile: files.image == nil)
    try OutputFile.replace(files.image ?? files.header) { file in
      // No header extensions follow, which four zeros say in a single file.
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

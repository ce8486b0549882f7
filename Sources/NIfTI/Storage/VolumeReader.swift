import CNIfTI
import Files
import Foundation

/// A volume's checked header and its file, open at the first voxel.
struct VolumeReader {
  let header: Header
  let file: CompressedFile
  private static let chunkVoxels = 1 << 16

  /// Opens a `.nii`, `.hdr` or `.img` file, compressed or not, and checks its header against the
  /// file's length.
  init(_ url: URL) throws {
    let pair = FilePair(reading: url)
    let first = try CompressedFile(pair.header)
    var start = try first.read(Header.lengths[0])
    if Header.length(start) == Header.lengths[1] { start += try first.read(Header.lengths[1] - start.count) }
    header = try Header(start, of: first.path)
    if header.isSingleFile {
      file = first
      try VolumeReader.check(header, first)
      try first.skip(header.voxelOffset - start.count)
    } else {
      guard let image = pair.image else {
        throw InputError(
          first.path, found: "a header whose voxels are in another file",
          expected: "a .nii file that contains its voxels",
          advice: "Rename the two files so that they end in .hdr and .img.")
      }
      // Reads to the end, where gzip checks its checksum.
      try first.skip()
      file = try CompressedFile(image)
      try VolumeReader.check(header, file)
      try file.skip(header.voxelOffset)
    }
  }

  /// Calls `body` with one chunk of voxels after the other, in file order and scaled, then reads
  /// the file to its end.
  ///
  /// - Parameter body: Receives the index of the chunk's first voxel, and its voxels.
  /// - Throws: `InputError` when the file is damaged or too short, and what `body` throws.
  func forEachChunk(_ body: (Int, UnsafeMutableBufferPointer<Float>) throws -> Void) throws {
    let (type, total) = (header.type, header.voxelBytes / header.type.size)
    let chunk = VolumeReader.chunkVoxels
    let stored = UnsafeMutableRawBufferPointer.allocate(byteCount: chunk * type.size, alignment: 16)
    let values = UnsafeMutableBufferPointer<Float>.allocate(capacity: chunk)
    defer {
      stored.deallocate()
      values.deallocate()
    }
    guard let source = stored.baseAddress, let target = values.baseAddress else { return }
    var index = 0
    while index < total {
      let count = min(chunk, total - index)
      let byteCount = try file.read(into: UnsafeMutableRawBufferPointer(start: source, count: count * type.size))
      guard byteCount == count * type.size else {
        throw VolumeReader.tooShort(file, bytes: index * type.size + byteCount, header)
      }
      if header.isSwapped { nifti_swap_Nbytes(Int64(count), Int32(type.size), source) }
      type.decode(source, count, slope: header.slope, inter: header.inter, into: target)
      try body(index, UnsafeMutableBufferPointer(start: target, count: count))
      index += count
    }
    try file.skip()
  }

  /// The number of voxels to reserve memory for before any is read.
  ///
  /// A compressed file that claims to be far larger than it is must not cause a huge allocation, so
  /// the number is also limited by the size of the file.
  var initialCapacity: Int {
    let total = header.voxelBytes / header.type.size
    return min(total, max(VolumeReader.chunkVoxels, 4 * (file.fileSize / header.type.size)))
  }

  /// The position of a voxel as text, for error messages.
  func coordinates(ofVoxel voxel: Int) -> String {
    let (ny, nx) = (header.shape[1], header.shape[2])
    return "(x \(voxel % nx), y \(voxel / nx % ny), z \(voxel / nx / ny))"
  }

  private static func check(_ header: Header, _ file: CompressedFile) throws {
    // This cannot overflow: there are at most 2^45 voxels of 8 bytes, and the offset is at most 2^52.
    guard header.voxelOffset + header.voxelBytes <= file.maximumBytes else {
      throw tooShort(file, bytes: max(0, file.maximumBytes - header.voxelOffset), header)
    }
    let voxels = header.voxelBytes / header.type.size
    guard voxels <= Int(clamping: ProcessInfo.processInfo.physicalMemory) / MemoryLayout<Float>.size else {
      throw InputError(
        file.path, found: "a volume of \(header.shapeText) voxels",
        expected: "one that fits into this machine's memory")
    }
  }

  private static func tooShort(_ file: CompressedFile, bytes: Int, _ header: Header) -> InputError {
    InputError(
      file.path, found: "room for at most \(bytes) bytes of voxels",
      expected: "\(header.voxelBytes) bytes for \(header.shapeText) voxels of type \(header.type), as its header says",
      advice: "The file is truncated; copy or download it again.")
  }
}

import CNIfTI
import Files
import Foundation

/// A volume's header, checked, and its file, open where the voxels start.
struct VolumeReader {
  let header: Header
  let file: CompressedFile
  private static let chunkVoxels = 1 << 16

  /// Opens a `.nii`, `.hdr` or `.img` file, gzip-compressed or not, and holds its header against the file's length.
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
          first.path, found: "a header whose voxels are in another file", expected: "a .nii file with its voxels in it",
          advice: "Name such a pair of files .hdr and .img.")
      }
      // The checksum of a compressed header counts as well.
      try first.skip()
      file = try CompressedFile(image)
      try VolumeReader.check(header, file)
      try file.skip(header.voxelOffset)
    }
  }

  /// Passes the voxels on in their order in the file, some at a time, scaled; then reads the file to its end.
  ///
  /// - Parameter body: gets the index of the first voxel and some voxels.
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
      let got = try file.read(into: UnsafeMutableRawBufferPointer(start: source, count: count * type.size))
      guard got == count * type.size else {
        throw VolumeReader.tooShort(file, bytes: index * type.size + got, header)
      }
      if header.isSwapped { nifti_swap_Nbytes(Int64(count), Int32(type.size), source) }
      type.decode(source, count, slope: header.slope, inter: header.inter, into: target)
      try body(index, UnsafeMutableBufferPointer(start: target, count: count))
      index += count
    }
    try file.skip()
  }

  /// Room that may be taken before voxels have come: all of it only when the file is long enough to hold them plainly.
  var reserve: Int {
    let total = header.voxelBytes / header.type.size
    return min(total, max(VolumeReader.chunkVoxels, 4 * (file.fileSize / header.type.size)))
  }

  func index(_ voxel: Int) -> String {
    let (ny, nx) = (header.shape[1], header.shape[2])
    return "(x \(voxel % nx), y \(voxel / nx % ny), z \(voxel / nx / ny))"
  }

  private static func check(_ header: Header, _ file: CompressedFile) throws {
    // A shape has at most 2^45 voxels of 8 bytes, an offset at most 2^52, so that nothing overflows.
    guard header.voxelOffset + header.voxelBytes <= file.mostBytes else {
      throw tooShort(file, bytes: max(0, file.mostBytes - header.voxelOffset), header)
    }
    let voxels = header.voxelBytes / header.type.size
    guard voxels <= Int(clamping: ProcessInfo.processInfo.physicalMemory) / MemoryLayout<Float>.size else {
      throw InputError(
        file.path, found: "a volume of \(header.words) voxels", expected: "one that fits this machine's memory")
    }
  }

  private static func tooShort(_ file: CompressedFile, bytes: Int, _ header: Header) -> InputError {
    InputError(
      file.path, found: "room for at most \(bytes) bytes of voxels",
      expected: "\(header.voxelBytes) for the \(header.words) voxels of type \(header.type) that the header announces",
      advice: "The file is cut off; copy or download it again.")
  }
}

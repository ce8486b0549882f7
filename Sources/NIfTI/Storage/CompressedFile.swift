import CNIfTI
import Files
import Foundation

/// A file read from its start to its end, decompressed on the way if it is gzip-compressed.
final class CompressedFile {
  let path: String
  /// Length on the disk, in bytes.
  let fileSize: Int
  private let stream: gzFile

  /// - Throws: `InputError` when there is no such file, it is a folder, empty, or cannot be opened.
  init(_ url: URL) throws {
    path = url.path
    var status = stat()
    guard stat(path, &status) == 0 else {
      throw InputError(
        path, found: errno == ENOENT ? "no such file" : String(cString: strerror(errno)), expected: "a NIfTI volume",
        advice: "Check the name and the permissions.")
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw InputError(
        path, found: status.st_mode & S_IFMT == S_IFDIR ? "a folder" : "something that is not a plain file",
        expected: "a NIfTI volume")
    }
    fileSize = Int(status.st_size)
    guard fileSize > 0 else {
      throw InputError(path, found: "an empty file", expected: "a NIfTI volume", advice: "Copy or download it again.")
    }
    guard let stream = gzopen(path, "rb") else {
      throw InputError(
        path, found: String(cString: strerror(errno)), expected: "a file that can be read",
        advice: "Check the permissions.")
    }
    self.stream = stream
    gzbuffer(stream, 1 << 17)
  }

  deinit { gzclose(stream) }

  var isCompressed: Bool { gzdirect(stream) == 0 }

  /// The most bytes that can come out. Deflate packs at most 1032 bytes into one.
  var mostBytes: Int {
    guard isCompressed else { return fileSize }
    let (product, overflow) = fileSize.multipliedReportingOverflow(by: 1032)
    return overflow ? Int.max : product
  }

  /// Fills `buffer` from the file; fewer bytes come only at its end.
  ///
  /// - Throws: `InputError` when the compressed data are damaged or break off.
  func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    var done = 0
    while done < buffer.count {
      let wanted = UInt32(min(buffer.count - done, 1 << 30))
      let got = gzread(stream, buffer.baseAddress?.advanced(by: done), wanted)
      var code: Int32 = 0
      let message = gzerror(stream, &code).map { String(cString: $0) } ?? ""
      guard got >= 0, code == Z_OK || code == Z_STREAM_END else {
        throw InputError(
          path, found: code == Z_BUF_ERROR ? "a gzip file that breaks off" : "damaged gzip data (\(message))",
          expected: "a whole gzip file", advice: "Copy or download it again.")
      }
      if got == 0 { break }
      done += Int(got)
    }
    return done
  }

  /// Reads `count` bytes, or fewer at the end of the file.
  func read(_ count: Int) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    let got = try bytes.withUnsafeMutableBytes { try read(into: $0) }
    return Array(bytes[0..<got])
  }

  /// Reads up to `count` bytes, or all that is left, for the sake of gzip's checksum at the very end.
  func skip(_ count: Int = .max) throws {
    let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 16)
    defer { scratch.deallocate() }
    var left = count
    while left > 0 {
      let got = try read(into: UnsafeMutableRawBufferPointer(rebasing: scratch[0..<min(left, scratch.count)]))
      if got == 0 { return }
      left -= got
    }
  }
}

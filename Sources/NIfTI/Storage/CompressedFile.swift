import CNIfTI
import Files
import Foundation

/// A file that is read from start to end, and decompressed on the way if it is a gzip file.
final class CompressedFile {
  let path: String
  /// The length on disk, in bytes.
  let fileSize: Int
  private let stream: gzFile

  /// Opens a file.
  ///
  /// - Throws: `InputError` when the file does not exist, is a folder, is empty, or cannot be opened.
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
        path, found: status.st_mode & S_IFMT == S_IFDIR ? "a folder" : "something that is not a regular file",
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

  /// An upper bound on the decompressed length in bytes; deflate compresses at most 1032 bytes into
  /// one.
  var maximumBytes: Int {
    guard isCompressed else { return fileSize }
    let (product, overflow) = fileSize.multipliedReportingOverflow(by: 1032)
    return overflow ? Int.max : product
  }

  /// Fills `buffer` from the file.
  ///
  /// - Returns: The number of bytes read, smaller than the buffer only at the end of the file.
  /// - Throws: `InputError` when the compressed data are damaged or truncated.
  func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    var done = 0
    while done < buffer.count {
      let request = UInt32(min(buffer.count - done, 1 << 30))
      let received = gzread(stream, buffer.baseAddress?.advanced(by: done), request)
      var code: Int32 = 0
      let message = gzerror(stream, &code).map { String(cString: $0) } ?? ""
      guard received >= 0, code == Z_OK || code == Z_STREAM_END else {
        throw InputError(
          path, found: code == Z_BUF_ERROR ? "a truncated gzip file" : "damaged gzip data (\(message))",
          expected: "a complete gzip file", advice: "Copy or download it again.")
      }
      if received == 0 { break }
      done += Int(received)
    }
    return done
  }

  /// Reads `count` bytes, or fewer at the end of the file.
  func read(_ count: Int) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    let received = try bytes.withUnsafeMutableBytes { try read(into: $0) }
    return Array(bytes[0..<received])
  }

  /// Reads past `count` bytes, or past all that is left, which makes zlib verify the checksum at
  /// the end of a gzip file.
  func skip(_ count: Int = .max) throws {
    let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 16)
    defer { scratch.deallocate() }
    var remaining = count
    while remaining > 0 {
      let received = try read(into: UnsafeMutableRawBufferPointer(rebasing: scratch[0..<min(remaining, scratch.count)]))
      if received == 0 { return }
      remaining -= received
    }
  }
}

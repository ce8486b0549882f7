import CNIfTI
import Files
import Foundation

/// A file that is being written, with or without gzip compression.
final class OutputFile {
  private let path: String
  private let stream: gzFile

  /// Writes a whole new file and replaces `url` with it, compressed when the name ends in `.gz`.
  ///
  /// - Throws: `InputError` when the file cannot be written, for example because the disk is full.
  static func replace(_ url: URL, write: (OutputFile) throws -> Void) throws {
    try AtomicFile.replace(url) { temporary in
      // zlib's mode "T" writes without compression.
      guard let stream = gzopen(temporary.path, url.path.hasSuffix(".gz") ? "wb" : "wbT") else { throw unwritable(url) }
      do {
        try write(OutputFile(url, stream))
      } catch {
        gzclose(stream)
        throw error
      }
      guard gzclose(stream) == Z_OK else { throw unwritable(url) }
    }
  }

  private init(_ url: URL, _ stream: gzFile) {
    path = url.path
    self.stream = stream
    gzbuffer(stream, 1 << 17)
  }

  /// Appends bytes.
  ///
  /// - Parameter bytes: At most 2^30 bytes.
  func write(_ bytes: UnsafeRawBufferPointer) throws {
    guard gzwrite(stream, bytes.baseAddress, UInt32(bytes.count)) == Int32(bytes.count) else {
      throw OutputFile.unwritable(URL(fileURLWithPath: path))
    }
  }

  private static func unwritable(_ url: URL) -> InputError {
    InputError(
      url.path, found: String(cString: strerror(errno)), expected: "a file that can be written",
      advice: "Check the permissions and the free space.")
  }
}

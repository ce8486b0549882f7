import CNIfTI
import Files
import Foundation

/// A new file being written, compressed or not.
final class OutputFile {
  private let path: String
  private let stream: gzFile

  /// Puts a whole file in the place of `url`, compressed when the name ends in `.gz`.
  ///
  /// - Throws: `InputError` when the place cannot be written or is full.
  static func replace(_ url: URL, write: (OutputFile) throws -> Void) throws {
    try AtomicFile.replace(url) { temporary in
      // zlib's T writes plainly.
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

  /// - Parameter bytes: at most 2^30 of them.
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

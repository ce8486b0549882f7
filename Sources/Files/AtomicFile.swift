import Foundation

/// Replaces files as a whole, so that a run that fails or is killed never leaves a partial file.
public enum AtomicFile {
  /// Calls `write` with the URL of a temporary file beside `destination`, flushes that file to
  /// disk, and renames it to `destination`.
  ///
  /// The temporary file has the extension of `destination`, including `.nii.gz`, because writers
  /// choose their format by it. When `write` throws, the temporary file is removed and
  /// `destination` stays as it was. Missing parent folders are created.
  ///
  /// - Throws: `InputError` when the folder cannot be written, and what `write` throws.
  public static func replace(_ destination: URL, write: (URL) throws -> Void) throws {
    let folder = destination.deletingLastPathComponent()
    do {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    } catch {
      throw unwritable(folder)
    }
    guard access(folder.path, W_OK | X_OK) == 0 else { throw unwritable(folder) }
    let prefix = ".\(ProcessInfo.processInfo.processIdentifier)-\(UInt32.random(in: 0...UInt32.max))-"
    let temporary = folder.appendingPathComponent(prefix + destination.lastPathComponent)
    do {
      try write(temporary)
      try flush(temporary)
      guard rename(temporary.path, destination.path) == 0 else { throw unwritable(destination) }
    } catch {
      unlink(temporary.path)
      throw error
    }
  }

  /// Replaces `destination` with `data`.
  ///
  /// - Throws: `InputError` when the file cannot be written.
  public static func replace(_ destination: URL, with data: Data) throws {
    try replace(destination) { temporary in
      do { try data.write(to: temporary) } catch { throw unwritable(destination) }
    }
  }

  /// Replaces `destination` with text, encoded as UTF-8.
  ///
  /// - Throws: `InputError` when the file cannot be written.
  public static func replace(_ destination: URL, with text: String) throws {
    try replace(destination, with: Data(text.utf8))
  }

  private static func flush(_ file: URL) throws {
    let descriptor = open(file.path, O_RDONLY)
    guard descriptor >= 0 else { throw unwritable(file) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw unwritable(file) }
  }

  private static func unwritable(_ url: URL) -> InputError {
    InputError(
      url.path, found: String(cString: strerror(errno)), expected: "a writable location",
      advice: "Check the permissions and the free space, or choose another folder.")
  }
}

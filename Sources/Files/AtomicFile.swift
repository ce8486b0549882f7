import Foundation

/// Replaces files as a whole, so that a killed or failing run never leaves half of one.
public enum AtomicFile {
  /// Calls `write` with the address of a new file beside `destination`, flushes it to the disk and renames it to `destination`.
  ///
  /// The new file has the ending of `destination` (`.nii.gz` too), because writers choose their format by it. It is removed
  /// when `write` throws; what stood at `destination` before stays as it was.
  ///
  /// - Throws: `InputError` when the folder cannot be written, and whatever `write` throws.
  public static func replace(_ destination: URL, write: (URL) throws -> Void) throws {
    let folder = destination.deletingLastPathComponent()
    do {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    } catch {
      throw unwritable(folder)
    }
    guard access(folder.path, W_OK | X_OK) == 0 else { throw unwritable(folder) }
    let temporary = folder.appendingPathComponent(
      ".\(ProcessInfo.processInfo.processIdentifier)-\(UInt32.random(in: 0...UInt32.max))-\(destination.lastPathComponent)"
    )
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
  public static func replace(_ destination: URL, with data: Data) throws {
    try replace(destination) { temporary in
      do { try data.write(to: temporary) } catch { throw unwritable(destination) }
    }
  }

  /// Replaces `destination` with UTF-8 text.
  public static func replace(_ destination: URL, with text: String) throws {
    try replace(destination, with: Data(text.utf8))
  }

  private static func flush(_ file: URL) throws {
    let descriptor = open(file.path, O_RDONLY)
    guard descriptor >= 0 else { throw unwritable(file) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw unwritable(file) }
  }

  private static func unwritable(_ place: URL) -> InputError {
    InputError(
      place.path, found: String(cString: strerror(errno)), expected: "a place that can be written",
      advice: "Check the permissions and the free space, or name another folder.")
  }
}

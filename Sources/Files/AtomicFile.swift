import Foundation

/// Replaces files as a whole, so that a run that fails or is killed never leaves a partial file.
public enum AtomicFile {
  /// Calls `write` with the URL of a temporary file beside `destination`, flushes that file to
  /// disk, and renames it to `destination`.
  ///
  /// The temporary file has the extension of `destination`, including `.nii.gz`, because writers
  /// choose their format by it. When `write` throws, the temporary file is removed and
  /// `destination` stays as it was. Missing parent folders are created. Where `destination` is a link, the file that it
  /// leads to is replaced.
  ///
  /// - Throws: `InputError` when the folder cannot be written, when `destination` is a folder, a pipe or a device, and
  ///   what `write` throws.
  public static func replace(_ destination: URL, write: (URL) throws -> Void) throws {
    let destination = destination.resolvingSymlinksInPath()
    var status = stat()
    if stat(destination.path, &status) == 0, status.st_mode & S_IFMT != S_IFREG {
      throw InputError(
        destination.path, found: status.st_mode & S_IFMT == S_IFDIR ? "a folder" : "a pipe or a device",
        expected: "the name of a file")
    }
    let folder = destination.deletingLastPathComponent()
    do {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    } catch {
      throw unwritable(folder)
    }
    guard access(folder.path, W_OK | X_OK) == 0 else { throw unwritable(folder) }
    let temporary = temporary(beside: destination)
    do {
      try write(temporary)
      try flush(temporary)
      guard rename(temporary.path, destination.path) == 0 else { throw unwritable(destination) }
    } catch {
      unlink(temporary.path)
      throw InputError(writing: destination, error) ?? error
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

  /// A name for what becomes `destination`: hidden, with the number of this process, and with the extension of
  /// `destination`.
  static func temporary(beside destination: URL) -> URL {
    let prefix = ".\(ProcessInfo.processInfo.processIdentifier)-\(UInt32.random(in: 0...UInt32.max))-"
    return destination.deletingLastPathComponent().appendingPathComponent(prefix + destination.lastPathComponent)
  }

  /// Removes what processes that have ended left behind in a folder: files and folders with names as
  /// `temporary(beside:)` makes them.
  public static func removeLeftovers(in folder: URL) {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    for name in names {
      guard let match = name.wholeMatch(of: /\.([0-9]+)-[0-9]+-.+/), let process = pid_t(match.1),
        // Signal 0 only asks whether there is such a process.
        kill(process, 0) != 0, errno == ESRCH
      else { continue }
      try? FileManager.default.removeItem(at: folder.appendingPathComponent(name))
    }
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

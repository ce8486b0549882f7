import Foundation

/// The right to write into a folder, held by one process at a time.
///
/// The system releases it when the process ends, however it ends, so that no lock outlives its holder.
public final class FolderLock {
  private let descriptor: Int32
  private let path: String

  /// Calls `body` while this process holds the lock of a folder, after removing what processes that were killed have
  /// left there.
  ///
  /// - Throws: `InputError` when another process holds the lock, or when the folder cannot be written; and what `body`
  ///   throws.
  public static func holding<Result>(_ folder: URL, _ body: () throws -> Result) throws -> Result {
    let lock = try FolderLock(folder)
    return try withExtendedLifetime(lock) {
      AtomicFile.removeLeftovers(in: folder)
      return try body()
    }
  }

  /// Takes the lock of a folder, which is created if it is not there.
  ///
  /// - Parameter folder: The folder; while the lock is held, it contains an empty file named `.lock`.
  /// - Throws: `InputError` when another process holds the lock, or when the folder cannot be written.
  public init(_ folder: URL) throws {
    do {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    } catch {
      throw InputError(writing: folder, error) ?? error
    }
    path = folder.appendingPathComponent(".lock").path
    descriptor = try Self.open(path, of: folder)
  }

  /// Opens and locks the file. A holder removes it at its end, so that what was opened may no longer be in the folder.
  private static func open(_ path: String, of folder: URL) throws -> Int32 {
    while true {
      let descriptor = Foundation.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
      guard descriptor >= 0 else {
        throw InputError(
          folder.path, found: String(cString: strerror(errno)), expected: "a folder that can be written",
          advice: "Check the permissions and the free space, or choose another folder.")
      }
      guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
        close(descriptor)
        throw InputError(
          folder.path, found: "a folder that another process writes into", expected: "one process at a time",
          advice: "Wait for its end, or choose another folder.")
      }
      var (opened, present) = (stat(), stat())
      if fstat(descriptor, &opened) == 0, stat(path, &present) == 0, opened.st_ino == present.st_ino {
        return descriptor
      }
      close(descriptor)
    }
  }

  deinit {
    unlink(path)
    close(descriptor)
  }
}

import Foundation

/// The right to write into a folder, held by one process at a time.
///
/// The system releases it when the process ends, however it ends, so that no lock is left behind.
public final class FolderLock {
  private let descriptor: Int32

  /// Takes the lock of a folder, which is created if it is not there.
  ///
  /// - Parameter folder: The folder; it receives an empty file named `.lock`.
  /// - Throws: `InputError` when another process holds the lock, or when the folder cannot be written.
  public init(_ folder: URL) throws {
    let path = folder.appendingPathComponent(".lock").path
    try? FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
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
  }

  deinit { close(descriptor) }
}

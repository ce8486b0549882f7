import Foundation

/// Folders that appear only when they are complete.
public enum NewFolder {
  /// Calls `fill` with a temporary folder beside `destination`, then renames that folder to
  /// `destination`.
  ///
  /// - Parameters:
  ///   - destination: The folder to create. It must not exist yet, or be an empty folder.
  ///   - fill: Writes the contents. When it throws, the temporary folder is removed.
  /// - Throws: `InputError` when `destination` exists and is not an empty folder, or cannot be
  ///   created; and what `fill` throws.
  public static func create(_ destination: URL, fill: (URL) throws -> Void) throws {
    let files = FileManager.default
    var isFolder: ObjCBool = false
    if files.fileExists(atPath: destination.path, isDirectory: &isFolder) {
      let contents = try? files.contentsOfDirectory(atPath: destination.path)
      guard isFolder.boolValue, contents?.isEmpty == true else {
        throw InputError(
          destination.path, found: isFolder.boolValue ? "a folder that is not empty" : "a file",
          expected: "a new folder", advice: "Choose another name, or remove this one first.")
      }
    }
    try build(destination, fill) { temporary in
      // rename(2) replaces an empty folder, but nothing else.
      rename(temporary.path, destination.standardizedFileURL.path) == 0
    }
  }

  /// Calls `fill` with a temporary folder beside `destination`, then puts that folder in its place.
  ///
  /// The old folder is removed last. When `fill` throws, it stays as it was. A process that is killed at the moment of
  /// the exchange leaves the old folder as `destination.old`.
  ///
  /// - Parameters:
  ///   - destination: The folder to create or replace.
  ///   - fill: Writes the contents. When it throws, the temporary folder is removed.
  /// - Throws: `InputError` when `destination` cannot be created or replaced; and what `fill` throws.
  public static func replace(_ destination: URL, fill: (URL) throws -> Void) throws {
    let path = destination.standardizedFileURL.path
    try build(destination, fill) { temporary in
      let old = path + ".old"
      let hasOld = FileManager.default.fileExists(atPath: path)
      if hasOld {
        try? FileManager.default.removeItem(atPath: old)
        guard rename(path, old) == 0 else { return false }
      }
      guard rename(temporary.path, path) == 0 else {
        let reason = errno
        if hasOld { rename(old, path) }
        errno = reason
        return false
      }
      if hasOld { try? FileManager.default.removeItem(atPath: old) }
      return true
    }
  }

  /// Fills a temporary folder beside `destination` and calls `place`, which says whether it has moved it there.
  private static func build(_ destination: URL, _ fill: (URL) throws -> Void, place: (URL) -> Bool) throws {
    let files = FileManager.default
    let temporary = AtomicFile.temporary(beside: destination.standardizedFileURL)
    do {
      try files.createDirectory(at: temporary, withIntermediateDirectories: true)
    } catch {
      throw InputError(
        destination.path, found: "a folder that cannot be created", expected: "a writable location",
        advice: "Check the permissions and the free space, or choose another folder.")
    }
    do {
      try fill(temporary)
      guard place(temporary) else {
        throw InputError(
          destination.path, found: String(cString: strerror(errno)), expected: "a new folder",
          advice: "Choose another name, or remove this one first.")
      }
    } catch {
      try? files.removeItem(at: temporary)
      throw error
    }
  }
}

import Foundation

/// Folders that appear only when they are complete, and never replace anything.
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
    let parent = destination.standardizedFileURL.deletingLastPathComponent()
    let prefix = ".\(ProcessInfo.processInfo.processIdentifier)-\(UInt32.random(in: 0...UInt32.max))-"
    let temporary = parent.appendingPathComponent(prefix + destination.lastPathComponent)
    do {
      try files.createDirectory(at: temporary, withIntermediateDirectories: true)
    } catch {
      throw InputError(
        destination.path, found: "a folder that cannot be created", expected: "a writable location",
        advice: "Check the permissions and the free space, or choose another folder.")
    }
    do {
      try fill(temporary)
      // rename(2) replaces an empty folder, but nothing else.
      guard rename(temporary.path, destination.standardizedFileURL.path) == 0 else {
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

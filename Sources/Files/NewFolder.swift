import Foundation

/// Folders that appear when they are complete, and never take the place of something.
public enum NewFolder {
  /// Calls `fill` with a folder beside `destination` and renames it to `destination`; it is removed when `fill` throws.
  ///
  /// - Throws: `InputError` when `destination` is there and is not an empty folder, or cannot be made.
  public static func create(_ destination: URL, fill: (URL) throws -> Void) throws {
    let files = FileManager.default
    var isFolder: ObjCBool = false
    if files.fileExists(atPath: destination.path, isDirectory: &isFolder) {
      let contents = try? files.contentsOfDirectory(atPath: destination.path)
      guard isFolder.boolValue, contents?.isEmpty == true else {
        throw InputError(
          destination.path, found: isFolder.boolValue ? "a folder that is not empty" : "a file",
          expected: "a new folder", advice: "Name another one, or remove this one first.")
      }
    }
    let parent = destination.standardizedFileURL.deletingLastPathComponent()
    let temporary = parent.appendingPathComponent(
      ".\(ProcessInfo.processInfo.processIdentifier)-\(UInt32.random(in: 0...UInt32.max))-\(destination.lastPathComponent)"
    )
    do {
      try files.createDirectory(at: temporary, withIntermediateDirectories: true)
    } catch {
      throw InputError(
        destination.path, found: "that it cannot be made", expected: "a place that can be written",
        advice: "Check the permissions and the free space, or name another folder.")
    }
    do {
      try fill(temporary)
      // rename(2) takes the place of an empty folder, and of nothing else.
      guard rename(temporary.path, destination.standardizedFileURL.path) == 0 else {
        throw InputError(
          destination.path, found: String(cString: strerror(errno)), expected: "a new folder",
          advice: "Name another one, or remove this one first.")
      }
    } catch {
      try? files.removeItem(at: temporary)
      throw error
    }
  }
}

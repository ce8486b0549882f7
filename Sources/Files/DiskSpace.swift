import Foundation

/// The space that is left on disks.
public enum DiskSpace {
  /// The bytes that this user can still write below a folder, which need not exist yet.
  ///
  /// - Returns: `nil` where the file system does not say.
  public static func free(at folder: URL) -> Int? {
    (attributes(folder)[.systemFreeSize] as? NSNumber).map { Int(clamping: $0.uint64Value) }
  }

  /// Checks that what is about to be written fits.
  ///
  /// - Parameter needs: Folders, which need not exist yet, and the bytes that each will take. Those on one file system
  ///   must fit together.
  /// - Throws: `InputError` naming the folder that cannot be made or written, or whose file system has too little
  ///   space.
  public static func check(_ needs: [(folder: URL, bytes: Int)]) throws {
    for (folder, _) in needs {
      let existing = existing(folder)
      let advice = "Check the permissions, or choose another folder."
      guard isFolder(existing) else {
        throw InputError(
          folder.path, found: "\(existing.path), which is no folder", expected: "a writable location", advice: advice)
      }
      guard access(existing.path, W_OK | X_OK) == 0 else {
        throw InputError(
          folder.path, found: "\(existing.path): \(String(cString: strerror(errno)))",
          expected: "a writable location", advice: advice)
      }
    }
    let systems = Dictionary(grouping: needs) { attributes($0.folder)[.systemNumber] as? NSNumber }
    for needs in systems.values {
      let folder = needs[0].folder
      let need = needs.reduce(0) { $0 + $1.bytes }
      guard let free = free(at: folder), need > free else { continue }
      throw InputError(
        folder.path, found: "\(ByteCount.text(free)) of free disk space",
        expected: "about \(ByteCount.text(need)), which will be written there",
        advice: "Free some space, or choose a folder on another disk.")
    }
  }

  /// The folder itself or, where it is yet to be made, the first one above it that is there.
  private static func existing(_ folder: URL) -> URL {
    var existing = folder.standardizedFileURL.resolvingSymlinksInPath()
    while !FileManager.default.fileExists(atPath: existing.path), existing.path != "/" {
      existing.deleteLastPathComponent()
    }
    return existing
  }

  private static func isFolder(_ url: URL) -> Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder) && isFolder.boolValue
  }

  private static func attributes(_ folder: URL) -> [FileAttributeKey: Any] {
    (try? FileManager.default.attributesOfFileSystem(forPath: existing(folder).path)) ?? [:]
  }
}

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
  /// - Throws: `InputError` naming the folder whose file system has too little space.
  public static func check(_ needs: [(folder: URL, bytes: Int)]) throws {
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

  private static func attributes(_ folder: URL) -> [FileAttributeKey: Any] {
    var existing = folder.standardizedFileURL.resolvingSymlinksInPath()
    while !FileManager.default.fileExists(atPath: existing.path), existing.path != "/" {
      existing.deleteLastPathComponent()
    }
    return (try? FileManager.default.attributesOfFileSystem(forPath: existing.path)) ?? [:]
  }
}

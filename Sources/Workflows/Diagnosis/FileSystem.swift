import Foundation

/// The file system that a folder is on.
struct FileSystem {
  /// Its kind, such as `ext4` or `nfs4`.
  let kind: String
  /// Its size and what this user may still write, in bytes.
  let size, free: Int

  /// `nil` when there is no such folder.
  init?(of folder: URL) {
    var status = statvfs()
    let path = folder.standardizedFileURL.resolvingSymlinksInPath().path
    guard statvfs(path, &status) == 0 else { return nil }
    size = Int(status.f_blocks) * Int(status.f_frsize)
    free = Int(status.f_bavail) * Int(status.f_frsize)
    // Lines of a device, a folder and a kind; the last one that holds the path counts.
    let fields = SystemFile.text("/proc/self/mounts").split(separator: "\n").map { $0.split(separator: " ") }.filter {
      $0.count > 2
    }
    let holding = fields.filter { $0[1] == "/" || path == $0[1] || path.hasPrefix($0[1] + "/") }
    let longest = holding.map { $0[1].count }.max()
    kind = holding.last { $0[1].count == longest }.map { String($0[2]) } ?? "unknown"
  }
}

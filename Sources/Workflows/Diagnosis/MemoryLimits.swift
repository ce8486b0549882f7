import Foundation

/// How much memory there is, and how much of it this process may have, in bytes.
public struct MemoryLimits: Sendable {
  /// The machine's memory.
  public let total: Int
  /// What can be had without swapping; `nil` where the system does not tell.
  public let available: Int?
  /// The limit of the control group, as of a container or a batch system; `nil` where there is none.
  public let controlGroup: Int?
  /// The limit of the address space, `ulimit -v`; `nil` where there is none.
  public let addressSpace: Int?

  /// Those of this process now.
  public static func current() -> MemoryLimits {
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit)
    let available = SystemFile.text("/proc/meminfo").split(separator: "\n").first { $0.hasPrefix("MemAvailable:") }
    return MemoryLimits(
      total: Int(ProcessInfo.processInfo.physicalMemory),
      available: available?.split(separator: " ").dropFirst().first.flatMap { Int($0) }.map { $0 * 1024 },
      controlGroup: controlGroupLimit(
        SystemFile.text("/proc/self/cgroup"), root: URL(fileURLWithPath: "/sys/fs/cgroup")),
      addressSpace: Int(exactly: limit.rlim_cur))
  }

  /// The smallest limit of a process's control group and those that it is in.
  ///
  /// - Parameters:
  ///   - groups: The text of `/proc/self/cgroup`: lines of a number, controllers and a path, with colons between them.
  ///   - root: The folder of all control groups.
  static func controlGroupLimit(_ groups: String, root: URL) -> Int? {
    let files = groups.split(separator: "\n").flatMap { line -> [URL] in
      let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard fields.count == 3, fields[1].isEmpty || fields[1].split(separator: ",").contains("memory") else {
        return []
      }
      // Version 2 has one tree; version 1 has one for each controller.
      let (tree, name) = fields[1].isEmpty ? (root, "memory.max") : (root + "memory", "memory.limit_in_bytes")
      let names = fields[2].split(separator: "/").filter { $0 != ".." }
      return (0...names.count).map { names.prefix($0).reduce(tree) { $0 + String($1) } + name }
    }
    let limits = files.compactMap { Int(SystemFile.text($0.path).trimmingCharacters(in: .whitespacesAndNewlines)) }
    // Version 1 says almost 2⁶³ where there is no limit, version 2 says "max".
    return limits.filter { $0 < 1 << 60 }.min()
  }
}

extension URL {
  fileprivate static func + (folder: URL, name: String) -> URL { folder.appendingPathComponent(name) }
}

import Foundation
import Synchronization

/// How much memory this process may still take.
public enum AvailableMemory {
  private static let processes = Atomic<Int>(1)

  /// From now on, what there is belongs to `processes` processes like this one in equal parts.
  public static func divide(between processes: Int) {
    self.processes.store(max(1, processes), ordering: .relaxed)
  }

  /// The bytes of memory that this process can still allocate without swapping or being ended by the system.
  ///
  /// It is the least of what the machine has left, what the limits of the process's control groups leave, as they are
  /// set by containers and batch systems, and what `ulimit -v` leaves. On systems without `/proc` it is the machine's
  /// memory.
  public static var bytes: Int {
    let limits = [machine, addressSpace].compactMap(\.self) + ControlGroup.ofThisProcess.compactMap(\.available)
    let bytes = max(0, limits.min() ?? Int(clamping: ProcessInfo.processInfo.physicalMemory))
    return bytes / processes.load(ordering: .relaxed)
  }

  /// `MemAvailable`: free memory, and caches that the system gives up for it.
  private static var machine: Int? {
    guard let text = try? String(contentsOfFile: "/proc/meminfo", encoding: .utf8) else { return nil }
    let line = text.split(separator: "\n").first { $0.hasPrefix("MemAvailable:") }
    return line?.split(separator: " ").dropFirst().first.flatMap { Int($0) }.map { $0 * 1024 }
  }

  /// What the limit of the address space, `ulimit -v`, leaves.
  private static var addressSpace: Int? {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit) == 0, limit.rlim_cur < UInt64(Int.max),
      let used = ProcessMemory.addressSpace
    else { return nil }
    return Int(limit.rlim_cur) - used
  }
}

/// A control group that limits the memory of its processes, of either version of Linux's interface.
struct ControlGroup {
  /// The folder with the files of the group.
  let folder: URL

  /// The groups of this process, and those that they are in.
  static var ofThisProcess: [ControlGroup] {
    let text = (try? String(contentsOfFile: "/proc/self/cgroup", encoding: .utf8)) ?? ""
    return groups(text, root: URL(fileURLWithPath: "/sys/fs/cgroup"))
  }

  /// The groups that a `/proc/PID/cgroup` names, with lines like `0::/path` or `4:memory:/path`.
  ///
  /// Inside a container the path may not exist; the folder above it that does is the container's own group.
  static func groups(_ text: String, root: URL) -> [ControlGroup] {
    text.split(separator: "\n").flatMap { line -> [ControlGroup] in
      let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard parts.count == 3, parts[1].isEmpty || parts[1].split(separator: ",").contains("memory") else { return [] }
      let top = parts[1].isEmpty ? root : root.appendingPathComponent("memory")
      let names = parts[2].split(separator: "/").filter { $0 != ".." }
      return (0...names.count).map { count in
        ControlGroup(folder: names.prefix(count).reduce(top) { $0.appendingPathComponent(String($1)) })
      }
    }
  }

  /// The bytes that the group may still take; `nil` where it has no limit.
  ///
  /// Pages of files that have not been used lately count as taken, but the system gives them up first.
  var available: Int? {
    guard let limit = number("memory.max") ?? number("memory.limit_in_bytes"),
      let used = number("memory.current") ?? number("memory.usage_in_bytes")
    else { return nil }
    let statistics = (text("memory.stat") ?? "").split(separator: "\n").map { $0.split(separator: " ") }
    func value(_ key: String) -> Int? {
      statistics.first { $0.count == 2 && $0[0] == key }.flatMap { Int($0[1]) }
    }
    let reclaimable = value("total_inactive_file") ?? value("inactive_file") ?? 0
    return max(0, limit - max(0, used - reclaimable))
  }

  /// The number in a file; `nil` for `max`, which means no limit.
  private func number(_ name: String) -> Int? {
    text(name).flatMap { Int($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
  }

  private func text(_ name: String) -> String? {
    try? String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8)
  }
}

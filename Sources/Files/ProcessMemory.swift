import Foundation

/// The resident memory of this process, in bytes.
public enum ProcessMemory {
  /// The peak so far.
  public static var peak: Int {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return usage.ru_maxrss * 1024
  }

  /// The current value on Linux; 0 on other systems.
  public static var resident: Int { size(1) ?? 0 }

  /// The size of the address space; `nil` on other systems than Linux.
  static var addressSpace: Int? { size(0) }

  /// A number of pages in Linux's table of them, in bytes.
  private static func size(_ column: Int) -> Int? {
    let statm = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)
    let pages = statm?.split(separator: " ").dropFirst(column).first.flatMap { Int($0) }
    return pages.map { $0 * Int(sysconf(Int32(_SC_PAGESIZE))) }
  }

  /// A sentence for the log.
  public static var description: String {
    String(format: "Memory: %.2f GB, %.2f GB at its peak.", Double(resident) / 1e9, Double(peak) / 1e9)
  }
}

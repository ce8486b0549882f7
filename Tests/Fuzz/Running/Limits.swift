import Foundation

/// What an input may take. Beyond it, reading it is a finding.
enum Limits {
  /// Processor time in nanoseconds.
  static let time = 1_000_000_000
  /// Resident memory in bytes.
  static let memory = 1 << 30
  /// A worker that waits, and uses no processor time, is ended after so many seconds.
  static let waiting = 30.0

  /// The status with which a worker ends after an input that took too much memory, so that the next one is measured
  /// anew.
  static let memoryStatus: Int32 = 10
  /// The status with which a worker ends after an error that the reader does not promise.
  static let errorStatus: Int32 = 11
  /// The status with which a worker ends after an input that took too long.
  static let timeStatus: Int32 = 12

  /// The processor time of this process, or of another one, in nanoseconds.
  static func processorTime(of process: pid_t? = nil) -> Int {
    var clock = CLOCK_PROCESS_CPUTIME_ID
    if let process, clock_getcpuclockid(process, &clock) != 0 { return 0 }
    var time = timespec()
    clock_gettime(clock, &time)
    return time.tv_sec * 1_000_000_000 + time.tv_nsec
  }

  /// The largest resident memory of this process so far in bytes.
  static var peakMemory: Int {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return usage.ru_maxrss << 10
  }

  /// The resident memory of another process in bytes; 0 when it has ended.
  static func memory(of process: pid_t) -> Int {
    let pages = try? String(contentsOfFile: "/proc/\(process)/statm", encoding: .utf8).split(separator: " ")[1]
    return (pages.flatMap { Int($0) } ?? 0) * Int(sysconf(Int32(_SC_PAGESIZE)))
  }
}

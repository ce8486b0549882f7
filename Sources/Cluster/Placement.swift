import Foundation

/// Where the processes of a run are, and how many threads each of them should have.
public struct Placement: Sendable {
  /// The number of machines.
  public let machines: Int
  /// The number of processes on the machine of this one.
  public let processesOnMachine: Int
  /// The cores of this machine that this process and others may use.
  public let cores: Int
  /// All cores of this machine.
  public let machineCores: Int
  /// The number of processes that may use these cores.
  public let processesOnCores: Int

  /// Asks the processes where they are. All of them must do so.
  public init(_ communicator: any Communicator) {
    let host = ProcessInfo.processInfo.hostName
    let all = communicator.gather(host + "\n" + Self.allowedCores)
    let hosts = all.map { $0.prefix { $0 != "\n" } }
    machines = Set(hosts).count
    processesOnMachine = hosts.count { $0 == host }
    cores = ProcessInfo.processInfo.activeProcessorCount
    machineCores = ProcessInfo.processInfo.processorCount
    processesOnCores = all.count { $0 == all[communicator.rank] }
  }

  /// The threads of this process, so that all processes together have one for each core.
  public var threads: Int { max(1, cores / processesOnCores) }

  /// The list of cores that this process may use, as the system writes it. `mpirun` binds processes to some of them.
  private static var allowedCores: String {
    let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    return status.split(separator: "\n").first { $0.hasPrefix("Cpus_allowed_list") }.map(String.init) ?? ""
  }
}

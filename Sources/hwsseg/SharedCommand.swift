import ArgumentParser
import Cluster
import Files
import Logging
import Threads

/// A verb whose work several processes can divide, when `mpirun` or `srun` starts them.
protocol SharedCommand: ParsableCommand {
  /// Runs the verb.
  ///
  /// - Parameter communicator: The processes that divide the work; `nil` when this one has all of it.
  func run(with communicator: (any Communicator)?) throws
}

extension SharedCommand {
  func run() throws { try run(with: nil) }
}

extension Communicator {
  /// Divides the cores and the memory of the machine between the processes on it.
  ///
  /// - Parameter threads: The threads that the user wants each process to have.
  /// - Returns: What the user should know of it, a sentence each.
  func divideMachine(threads: Int?) -> [String] {
    let placement = Placement(self)
    AvailableMemory.divide(between: placement.processesOnMachine)
    Parallel.limit(to: threads ?? placement.threads)
    func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }
    let sentence =
      "\(size) processes on \(count(placement.machines, "machine")), each with \(count(Parallel.threads, "thread"))."
    let used = Parallel.threads * placement.processesOnMachine
    guard threads == nil, used < placement.machineCores else { return [sentence] }
    return [
      sentence,
      "That is \(used) of this machine's \(placement.machineCores) cores: mpirun binds each process to "
        + "\(count(placement.cores, "core")). With --bind-to none they use all.",
    ]
  }
}

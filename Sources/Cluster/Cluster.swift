import Files
import Foundation

/// The processes that `mpirun` or `srun` has started to do one run together.
public enum Cluster {
  /// The number of processes that were started together; `nil` when this one was started by itself.
  ///
  /// Open MPI's `mpirun` and `srun` say it in the environment.
  public static var announcedSize: Int? {
    let environment = ProcessInfo.processInfo.environment
    if let size = environment["OMPI_COMM_WORLD_SIZE"].flatMap({ Int($0) }) { return size }
    // srun with PMIx; without `--mpi`, its tasks know nothing of each other and are not meant to be one run.
    return environment["PMIX_RANK"] == nil ? nil : environment["SLURM_NTASKS"].flatMap { Int($0) }
  }

  /// Joins the other processes.
  ///
  /// - Returns: `nil` when there are none.
  /// - Throws: `InputError` when there are, but the program was built without MPI.
  public static func join() throws -> (any Communicator)? {
    guard let size = announcedSize, size > 1 else { return nil }
    #if MPI
      return try MPICommunicator()
    #else
      throw InputError(
        "mpirun", found: "\(size) processes of a program that was built without MPI", expected: "one",
        advice: "Build it with --traits MPI, or start one process.")
    #endif
  }
}

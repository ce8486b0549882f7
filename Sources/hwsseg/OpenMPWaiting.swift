import Foundation

/// How the threads of OpenMP wait, with which oneDNN computes.
///
/// They wait for each other by spinning. Beside the program's own threads, or on a machine that others use too, they
/// take processors from those who have work: a small network then predicts several times as slowly.
enum OpenMPWaiting {
  /// Lets waiting threads sleep after a few microseconds, unless the user has set how they wait.
  ///
  /// OpenMP's library reads its settings when it is loaded, before any function of the program. Therefore the program
  /// is started anew, which takes some milliseconds; where that fails, it goes on as it is.
  static func letThreadsSleep() {
    guard getenv("GOMP_SPINCOUNT") == nil, getenv("OMP_WAIT_POLICY") == nil else { return }
    setenv("GOMP_SPINCOUNT", "1000", 1)
    execv("/proc/self/exe", CommandLine.unsafeArgv)
  }
}

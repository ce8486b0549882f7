import ArgumentParser
import Cluster
import Files
@preconcurrency import Foundation
import Version
import Workflows

/// The program; each verb is a file.
@main
struct HwssegCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "hwsseg",
    abstract: "Trains, runs and evaluates 3-D segmentation networks that learn the hard patients too.",
    discussion: """
      The usual order: plan, preprocess, train, predict, evaluate, compare. 'hwsseg phantom' makes up data to try it on.
      Exit status: 0 done, 1 failed, 2 wrong usage or input, 129, 130 or 143 stopped by a signal after a checkpoint.
      """,
    version: "\(Version.number) (\(Version.commit))",
    subcommands: [
      PhantomCommand.self, PlanCommand.self, PreprocessCommand.self, TrainCommand.self, PredictCommand.self,
      EvaluateCommand.self, CompareCommand.self, CrossValidateCommand.self, AuditCommand.self, StressCommand.self,
      StudyCommand.self, ReportCommand.self, InspectCommand.self, OverheadCommand.self, BenchmarkCommand.self,
      ReplayCommand.self, DoctorCommand.self,
    ])

  static func main() {
    OpenMPWaiting.letThreadsSleep()
    // Lines appear at once even when the output is a pipe or a log file.
    setvbuf(stdout, nil, _IOLBF, 0)
    checkProcessor()
    let communicator: (any Communicator)?
    do { communicator = try Cluster.join() } catch { Foundation.exit(report(error)) }
    do {
      try run(parseAsRoot(), with: communicator)
      try checkOutput()
      communicator?.part()
    } catch {
      if let communicator { end(communicator, error) }
      Foundation.exit(report(error))
    }
  }

  private static func run(_ command: any ParsableCommand, with communicator: (any Communicator)?) throws {
    var command = command
    guard let communicator else { return try command.run() }
    guard let shared = command as? any SharedCommand else {
      throw InputError(
        "mpirun", found: "\(communicator.size) processes", expected: "one for this verb",
        advice: "Start it without mpirun; train, preprocess, predict, study and benchmark divide their work.")
    }
    try shared.run(with: communicator)
  }

  /// Ends all processes because of an error of this one.
  private static func end(_ communicator: any Communicator, _ error: any Error) -> Never {
    // All processes end with such a status alike, for example when they stop after a checkpoint.
    if let code = error as? ExitCode {
      communicator.part()
      Foundation.exit(code.rawValue)
    }
    // What is wrong for all is said by the first, which ends the others meanwhile.
    if !communicator.isFirst {
      Thread.sleep(forTimeInterval: 1)
      ErrorOutput.write("process \(communicator.rank) on \(ProcessInfo.processInfo.hostName) ends the others:")
    }
    communicator.abort(report(error))
  }

  /// Ends the program where an instruction that the processor does not have would end it later without a word.
  private static func checkProcessor() {
    let processor = Processor.current
    guard !processor.missing.isEmpty, CommandLine.arguments.dropFirst().first != "doctor" else { return }
    let problem =
      "\(processor.model): found no \(processor.missing.joined(separator: ", ")); expected a processor like the one "
      + "that the program was built on. Build it on this machine."
    ErrorOutput.write(problem)
    Foundation.exit(1)
  }

  /// Checks that everything that was printed has arrived.
  private static func checkOutput() throws {
    guard fflush(stdout) != 0 || ferror(stdout) != 0, !StopSignals.isIgnored(SIGPIPE) else { return }
    throw InputError(
      "the standard output", found: "a device that does not take it", expected: "one that does",
      advice: "Is the disk full?")
  }

  /// Prints what went wrong and returns the exit status.
  private static func report(_ error: any Error) -> Int32 {
    let problem: String
    let status: Int32
    switch error {
    case let error as InputError: (problem, status) = (error.description, 2)
    case let code as ExitCode: return code.rawValue
    default:
      switch exitCode(for: error) {
      case .success:  // a request for help or for the version
        print(fullMessage(for: error))
        do { try checkOutput() } catch { return report(error) }
        return 0
      case .validationFailure:
        let negative = NegativeNumber.error(in: Array(CommandLine.arguments.dropFirst()))
        (problem, status) = (negative?.description ?? oneLine(message(for: error)), 2)
      default: (problem, status) = (message(for: error), 1)
      }
    }
    ErrorOutput.write(problem)
    return status
  }

  /// Puts a list of choices, which comes with a line for each, on one line.
  private static func oneLine(_ message: String) -> String {
    message.replacingOccurrences(of: "following:\n  - ", with: "following: ").replacingOccurrences(
      of: "\n  - ", with: ", ")
  }
}

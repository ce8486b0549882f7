import ArgumentParser
import Cluster
import Logging

/// The option of verbs that report what they do.
struct LogOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "How much to report.",
      discussion:
        "At warning, a run that goes well prints nothing; debug adds what belongs into the report of an error."
    ))
  var logLevel = Logger.Level.info

  /// Sends log messages to the console and returns the logger. Call it once.
  ///
  /// - Parameter communicator: The processes of the run, of which only the first has something to say.
  func logger(_ communicator: (any Communicator)? = nil) -> Logger {
    let level = communicator?.isFirst ?? true ? logLevel : .critical
    LoggingSystem.bootstrap { _ in ConsoleLog(logLevel: level) }
    return Logger(label: "hwsseg")
  }
}

// Logging and ArgumentParser cannot both come to give the level this conformance without the other knowing.
// swift-format-ignore: AvoidRetroactiveConformances
extension Logger.Level: @retroactive ExpressibleByArgument {}

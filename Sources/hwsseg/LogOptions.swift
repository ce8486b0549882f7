import ArgumentParser
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
  func logger() -> Logger {
    LoggingSystem.bootstrap { [logLevel] _ in ConsoleLog(logLevel: logLevel) }
    return Logger(label: "hwsseg")
  }
}

// Logging and ArgumentParser cannot both come to give the level this conformance without the other knowing.
// swift-format-ignore: AvoidRetroactiveConformances
extension Logger.Level: @retroactive ExpressibleByArgument {}

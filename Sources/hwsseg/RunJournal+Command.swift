import ArgumentParser
import Foundation
import Logging
import Workflows

extension RunJournal {
  /// Runs `body` and records in the folder's `run.json` how it ends; see `record(_:in:logger:ending:_:)`.
  static func command<Value>(
    _ record: RunRecord, in folder: URL?, logger: Logger, _ body: (RunJournal) throws -> Value
  ) throws -> Value {
    try self.record(record, in: folder, logger: logger, ending: ending, body)
  }

  private static func ending(_ error: any Error) -> String {
    guard let code = (error as? ExitCode)?.rawValue else { return "failed: \(error)" }
    let names = [SIGHUP: "SIGHUP", SIGINT: "SIGINT", SIGTERM: "SIGTERM"]
    return names[code - 128].map { "stopped by \($0) after a checkpoint" } ?? "failed with status \(code)"
  }
}

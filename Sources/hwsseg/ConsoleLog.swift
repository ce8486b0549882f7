import Foundation
import Logging

/// Log messages as plain lines: what a run has to say on the standard output, and what is wrong or only for the search
/// of errors on the standard error.
struct ConsoleLog: LogHandler {
  var metadata: Logger.Metadata = [:]
  var logLevel = Logger.Level.info

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    guard !(Logger.Level.info...Logger.Level.notice).contains(event.level) else { return print("\(event.message)") }
    // The reader may be gone.
    try? FileHandle.standardError.write(contentsOf: Data("hwsseg: \(event.level): \(event.message)\n".utf8))
  }
}

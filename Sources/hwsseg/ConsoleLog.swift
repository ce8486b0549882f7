import Logging

/// Log messages as plain lines on the standard output.
struct ConsoleLog: LogHandler {
  var metadata: Logger.Metadata = [:]
  var logLevel = Logger.Level.info

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    print(event.level >= .warning ? "\(event.level): \(event.message)" : "\(event.message)")
  }
}

import Dispatch
import Foundation
import Synchronization

/// Catches SIGINT (Ctrl-C), SIGTERM and SIGHUP (the terminal is closed), so that a run can write a checkpoint before it
/// ends. A second signal ends the program at once.
final class StopSignals {
  private final class First: Sendable {
    let number = Mutex<Int32?>(nil)
  }

  private let first = First()
  private let sources: [any DispatchSourceSignal]
  private let numbers: [Int32]

  init() {
    // What the caller ignores stays ignored: nohup does that with SIGHUP.
    numbers = [SIGINT, SIGTERM, SIGHUP].filter { !Self.isIgnored($0) }
    sources = numbers.map { [first] number in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler {
        let isSecond = first.number.withLock { first in
          defer { first = first ?? number }
          return first != nil
        }
        if isSecond { _exit(128 + number) }
        // There may be no terminal any more.
        try? FileHandle.standardError.write(
          contentsOf: Data("\nStopping after this step; once more to stop at once.\n".utf8))
      }
      source.resume()
      return source
    }
  }

  /// From now on, a reader of the output that is gone, as in `train | head`, does not end the program.
  static func ignoreMissingReader() { signal(SIGPIPE, SIG_IGN) }

  /// Whether a signal is ignored by this process.
  static func isIgnored(_ number: Int32) -> Bool {
    var action = sigaction()
    sigaction(number, nil, &action)
    return unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
  }

  /// The first signal that has arrived.
  var received: Int32? { first.number.withLock { $0 } }

  /// Lets signals end the program again.
  func release() {
    for (source, number) in zip(sources, numbers) {
      source.cancel()
      signal(number, SIG_DFL)
    }
  }
}

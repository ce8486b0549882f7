import Dispatch
import Foundation
import Synchronization

/// Catches SIGINT (Ctrl-C), SIGTERM and SIGHUP (the terminal is closed), so that a run can write a checkpoint before it
/// ends. A second signal ends the program at once, unless it comes with the first: `timeout` and job managers send a
/// signal to the process and to its group.
final class StopSignals {
  private final class First: Sendable {
    let arrival = Mutex<(number: Int32, time: ContinuousClock.Instant)?>(nil)
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
        let elapsed = first.arrival.withLock { first in
          defer { first = first ?? (number, .now) }
          return first.map { .now - $0.time }
        }
        if let elapsed {
          if elapsed > .milliseconds(500) { _exit(128 + number) }
          return
        }
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
  var received: Int32? { first.arrival.withLock { $0?.number } }

  /// Lets signals end the program again.
  func release() {
    for (source, number) in zip(sources, numbers) {
      source.cancel()
      signal(number, SIG_DFL)
    }
  }
}

import Dispatch
import Foundation
import Synchronization

/// Catches SIGINT (Ctrl-C) and SIGTERM, so that a run can write a checkpoint before it ends. A second signal ends the
/// program at once.
final class StopSignals {
  private final class First: Sendable {
    let number = Mutex<Int32?>(nil)
  }

  private let first = First()
  private let sources: [any DispatchSourceSignal]
  private static let numbers = [SIGINT, SIGTERM]

  init() {
    sources = Self.numbers.map { [first] number in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler {
        let isSecond = first.number.withLock { first in
          defer { first = first ?? number }
          return first != nil
        }
        if isSecond { _exit(128 + number) }
        FileHandle.standardError.write(Data("\nStopping after this step; once more to stop at once.\n".utf8))
      }
      source.resume()
      return source
    }
  }

  /// The first signal that has arrived.
  var received: Int32? { first.number.withLock { $0 } }

  /// Lets signals end the program again.
  func release() {
    for (source, number) in zip(sources, Self.numbers) {
      source.cancel()
      signal(number, SIG_DFL)
    }
  }
}

import Dispatch
import Foundation

extension RawDataset {
  /// Runs `body` for every case, as many at a time as there are cores but no more than eight, which bounds the memory by that of eight cases.
  ///
  /// - Parameter progress: called after each case with the number of finished cases; never twice at once.
  /// - Throws: the first error of `body`; cases not begun by then are left out.
  public func forEachCase(
    progress: (@Sendable (_ finished: Int, _ caseName: String) -> Void)? = nil,
    _ body: @Sendable (_ index: Int, _ rawCase: RawCase) throws -> Void
  ) throws {
    let state = CaseLoopState()
    DispatchQueue.concurrentPerform(iterations: min(8, ProcessInfo.processInfo.activeProcessorCount, cases.count)) {
      _ in
      while let index = state.next(below: cases.count) {
        do {
          try body(index, cases[index])
          state.finish { progress?($0, cases[index].name) }
        } catch { state.fail(error) }
      }
    }
    if let error = state.error { throw error }
  }
}

/// What the threads of a loop share.
private final class CaseLoopState: @unchecked Sendable {
  private let lock = NSLock()
  private var begun = 0
  private var finished = 0
  private var firstError: (any Error)?

  /// The next case to take up, or `nil` when there is none or one has failed.
  func next(below count: Int) -> Int? {
    lock.withLock {
      guard begun < count, firstError == nil else { return nil }
      begun += 1
      return begun - 1
    }
  }

  func finish(_ report: (Int) -> Void) {
    lock.withLock {
      finished += 1
      report(finished)
    }
  }

  func fail(_ error: any Error) {
    lock.withLock { firstError = firstError ?? error }
  }

  var error: (any Error)? { lock.withLock { firstError } }
}

import Synchronization
import Threads

extension RawDataset {
  /// Computes a value for every case, several cases at a time; no more than eight, which bounds the memory.
  ///
  /// - Parameters:
  ///   - progress: called after each case with the number of finished cases; never twice at once.
  /// - Returns: the values in the order of `cases`.
  /// - Throws: the error of the first case that has one; cases not begun by then are left out.
  public func mapCases<Value: Sendable>(
    progress: (@Sendable (_ finished: Int, _ caseName: String) -> Void)? = nil,
    _ body: @Sendable (RawCase) throws -> Value
  ) throws -> [Value] {
    let finished = Mutex(0)
    return try Parallel.map(cases.count, maximumThreads: 8) { index in
      let value = try body(cases[index])
      finished.withLock { finished in
        finished += 1
        progress?(finished, cases[index].name)
      }
      return value
    }
  }
}

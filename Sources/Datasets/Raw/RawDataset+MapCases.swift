import Synchronization
import Threads

extension RawDataset {
  /// Computes a value for every case, several cases at a time.
  ///
  /// - Parameters:
  ///   - part: The cases, if not all of them.
  ///   - casesAtOnce: The maximum number of cases at a time, to bound the memory.
  ///   - progress: Called after each case with the number of finished cases, never concurrently.
  ///   - body: Computes the value of a case.
  /// - Returns: The values in the order of the cases.
  /// - Throws: The error of the first case that fails. Cases that have not started by then are skipped.
  public func mapCases<Value: Sendable>(
    of part: [RawCase]? = nil, casesAtOnce: Int = 8,
    progress: (@Sendable (_ finished: Int, _ caseName: String) -> Void)? = nil,
    _ body: @Sendable (RawCase) throws -> Value
  ) throws -> [Value] {
    let cases = part ?? cases
    let finished = Mutex(0)
    return try Parallel.map(cases.count, maximumThreads: casesAtOnce) { index in
      let value = try body(cases[index])
      finished.withLock { finished in
        finished += 1
        progress?(finished, cases[index].name)
      }
      return value
    }
  }
}

import Synchronization
import Testing

@testable import Threads

/// Protects parallel loops: every index runs once, values are in order, the first error is thrown, threads are limited.
@Suite(.serialized) struct ParallelTests {
  private struct Failure: Error, Equatable { let index: Int }

  @Test(arguments: [0, 1, 2, 7, 1000])
  func everyIndexOnce(count: Int) {
    let visits = Mutex(Array(repeating: 0, count: count))
    Parallel.forEach(count) { index in visits.withLock { $0[index] += 1 } }
    #expect(visits.withLock { $0 } == Array(repeating: 1, count: count))
  }

  @Test func chunksCover() {
    let ranges = Mutex<[Range<Int>]>([])
    Parallel.chunks(10, size: 4) { range in ranges.withLock { $0.append(range) } }
    #expect(ranges.withLock { $0 }.sorted { $0.lowerBound < $1.lowerBound } == [0..<4, 4..<8, 8..<10])
  }

  @Test func valuesAreInOrder() throws {
    #expect(try Parallel.map(1000) { $0 * $0 } == (0..<1000).map { $0 * $0 })
  }

  /// Two indices fail; the error is that of a plain loop, whichever of them fails first.
  @Test func firstErrorIsThrown() {
    for _ in 0..<50 {
      #expect(throws: Failure(index: 3)) {
        try Parallel.map(8) { index in
          if index == 3 || index == 4 { throw Failure(index: index) }
          return index
        }
      }
    }
  }

  @Test func anErrorStopsTheLoop() {
    let started = Mutex(0)
    #expect(throws: Failure(index: 0)) {
      try Parallel.map(100_000) { index in
        started.withLock { $0 += 1 }
        throw Failure(index: index)
      }
    }
    #expect(started.withLock { $0 } < 1000)
  }

  @Test func threadsAreBounded() throws {
    func maximumAtOnce(_ loop: (@Sendable () -> Void) throws -> Void) rethrows -> Int {
      let state = Mutex((now: 0, maximum: 0))
      try loop {
        state.withLock { $0 = ($0.now + 1, max($0.maximum, $0.now + 1)) }
        for _ in 0..<2000 { state.withLock { _ in } }
        state.withLock { $0.now -= 1 }
      }
      return state.withLock { $0.maximum }
    }
    #expect(try maximumAtOnce { body in _ = try Parallel.map(50, maximumThreads: 1) { _ in body() } } == 1)
    #expect(maximumAtOnce { body in Parallel.forEach(50) { _ in body() } } <= Parallel.threads)
  }

  @Test func backgroundTaskGivesItsResultOrError() throws {
    #expect(try BackgroundTask { 42 }.get() == 42)
    #expect(throws: Failure(index: 1)) { try BackgroundTask { throw Failure(index: 1) }.get() }
  }
}

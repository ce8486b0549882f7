import Synchronization
import Testing

@testable import Threads

/// Protects parallel loops: every index once, values in order, the first error, and the limit on threads.
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

  /// Two indices fail; whichever is noticed first, the caller sees what a plain loop would throw.
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

  @Test func restIsLeftOutAfterAnError() {
    let begun = Mutex(0)
    #expect(throws: Failure(index: 0)) {
      try Parallel.map(100_000) { index in
        begun.withLock { $0 += 1 }
        throw Failure(index: index)
      }
    }
    #expect(begun.withLock { $0 } < 1000)
  }

  @Test func threadsAreBounded() throws {
    func mostAtOnce(_ loop: (@Sendable () -> Void) throws -> Void) rethrows -> Int {
      let state = Mutex((now: 0, most: 0))
      try loop {
        state.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1)) }
        for _ in 0..<2000 { state.withLock { _ in } }
        state.withLock { $0.now -= 1 }
      }
      return state.withLock { $0.most }
    }
    #expect(try mostAtOnce { body in _ = try Parallel.map(50, maximumThreads: 1) { _ in body() } } == 1)
    #expect(mostAtOnce { body in Parallel.forEach(50) { _ in body() } } <= Parallel.threads)
  }

  @Test func backgroundTaskGivesItsResultOrError() throws {
    #expect(try BackgroundTask { 42 }.get() == 42)
    #expect(throws: Failure(index: 1)) { try BackgroundTask { throw Failure(index: 1) }.get() }
  }
}

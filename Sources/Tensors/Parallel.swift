import COneDNN
import Dispatch
import Foundation
import Synchronization

/// Work split over the processor's cores.
public enum Parallel {
  private static let cores = ProcessInfo.processInfo.activeProcessorCount
  private static let limit = Atomic<Int>(0)

  /// How many threads compute together: as many as there are cores, or `limit`.
  static var threads: Int {
    let limit = limit.load(ordering: .relaxed)
    return limit > 0 ? limit : cores
  }

  /// Lets no more than `threads` threads compute together from now on, oneDNN's among them.
  public static func limit(to threads: Int) {
    limit.store(max(1, threads), ordering: .relaxed)
    omp_set_num_threads(Int32(max(1, threads)))
  }

  /// Runs `body` for every index below `count`, on several threads. What a task computes must depend on its index alone, so that
  /// results do not depend on the number of threads.
  package static func forEach(_ count: Int, _ body: @Sendable (Int) -> Void) {
    let threads = min(threads, count)
    guard threads > 1 else {
      for index in 0..<count { body(index) }
      return
    }
    let next = Atomic<Int>(0)
    DispatchQueue.concurrentPerform(iterations: threads) { _ in
      while true {
        let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
        guard index < count else { return }
        body(index)
      }
    }
  }

  /// Runs `body` for consecutive ranges of at most `size` that cover `0 ..< count`.
  package static func chunks(_ count: Int, size: Int, _ body: @Sendable (Range<Int>) -> Void) {
    forEach((count + size - 1) / size) { body($0 * size..<min(count, ($0 + 1) * size)) }
  }
}

/// A pointer that may cross to the threads of `Parallel`; the tasks write to disjoint places.
package struct Shared<Pointer>: @unchecked Sendable {
  package let pointer: Pointer
  package init(_ pointer: Pointer) { self.pointer = pointer }
}

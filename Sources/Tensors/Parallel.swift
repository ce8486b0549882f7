import Dispatch

/// Work split over the processor's cores.
package enum Parallel {
  /// Runs `body` for every index below `count`, on as many threads as there are cores. What a task computes must depend on its
  /// index alone, so that results do not depend on the number of threads.
  package static func forEach(_ count: Int, _ body: @Sendable (Int) -> Void) {
    if count == 1 { body(0) } else if count > 1 { DispatchQueue.concurrentPerform(iterations: count, execute: body) }
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

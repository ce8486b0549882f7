import Dispatch
import Foundation
import Synchronization

/// Loops whose iterations run on the processor's cores.
///
/// Every parallel loop of the program is one of these, so ``limit(to:)`` applies to all of them.
/// What an iteration computes must depend on its index alone; then results do not depend on the
/// number of threads.
public enum Parallel {
  private static let cores = ProcessInfo.processInfo.activeProcessorCount
  private static let storedLimit = Atomic<Int>(0)

  /// The maximum number of threads that was set, or `nil` when every core may be used.
  public static var limit: Int? {
    let limit = storedLimit.load(ordering: .relaxed)
    return limit > 0 ? limit : nil
  }

  /// The number of threads that a loop uses: ``limit``, or one for each core.
  public static var threads: Int { limit ?? cores }

  /// Limits later loops to `threads` threads each, at least one.
  public static func limit(to threads: Int) {
    storedLimit.store(max(1, threads), ordering: .relaxed)
  }

  /// Calls `body` for every index in `0..<count`, on several threads.
  public static func forEach(_ count: Int, _ body: @Sendable (Int) -> Void) {
    forEach(count, threads: threads) { index in
      body(index)
      return true
    }
  }

  /// Calls `body` for consecutive ranges of at most `size` indices that cover `0..<count`, on
  /// several threads.
  public static func chunks(_ count: Int, size: Int, _ body: @Sendable (Range<Int>) -> Void) {
    forEach((count + size - 1) / size) { body($0 * size..<min(count, ($0 + 1) * size)) }
  }

  /// Computes a value for every index in `0..<count`, on several threads.
  ///
  /// - Parameters:
  ///   - count: The number of values.
  ///   - maximumThreads: The maximum number of threads, to bound the memory that they use together.
  ///   - body: Computes the value of an index.
  /// - Returns: The values in the order of their indices.
  /// - Throws: The error that a sequential loop would throw: that of the smallest index whose
  ///   `body` throws. After an error no further indices are started.
  public static func map<Value: Sendable>(
    _ count: Int, maximumThreads: Int = .max, _ body: @Sendable (Int) throws -> Value
  ) throws -> [Value] {
    let results = Mutex<[Result<Value, any Error>?]>(Array(repeating: nil, count: count))
    forEach(count, threads: min(threads, maximumThreads)) { index in
      let result = Result { try body(index) }
      results.withLock { $0[index] = result }
      return if case .success = result { true } else { false }
    }
    // Indices are handed out in order, so every missing value comes after an error.
    return try results.withLock { $0 }.compactMap { try $0?.get() }
  }

  /// Hands out the indices in order until none are left or `body` returns `false`.
  private static func forEach(_ count: Int, threads: Int, _ body: @Sendable (Int) -> Bool) {
    let threads = min(threads, count)
    guard threads > 1 else {
      for index in 0..<max(0, count) where !body(index) { return }
      return
    }
    let next = Atomic<Int>(0)
    DispatchQueue.concurrentPerform(iterations: threads) { _ in
      while true {
        let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
        guard index < count else { return }
        if !body(index) { next.store(count, ordering: .relaxed) }
      }
    }
  }
}

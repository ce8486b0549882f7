import Dispatch
import Foundation
import Synchronization

/// Loops split over the processor's cores. Every parallel loop of the program is one of these, so that `limit(to:)`
/// holds for all of them.
///
/// What a task computes must depend on its index alone; then results do not depend on the number of threads.
public enum Parallel {
  private static let cores = ProcessInfo.processInfo.activeProcessorCount
  private static let storedLimit = Atomic<Int>(0)

  /// The limit that was set, or `nil` when every core may be used.
  public static var limit: Int? {
    let limit = storedLimit.load(ordering: .relaxed)
    return limit > 0 ? limit : nil
  }

  /// How many threads compute together: `limit`, or as many as there are cores.
  public static var threads: Int { limit ?? cores }

  /// Lets no more than `threads` threads compute together from now on.
  public static func limit(to threads: Int) {
    storedLimit.store(max(1, threads), ordering: .relaxed)
  }

  /// Runs `body` for every index in `0..<count`, on several threads.
  public static func forEach(_ count: Int, _ body: @Sendable (Int) -> Void) {
    forEach(count, threads: threads) { index in
      body(index)
      return true
    }
  }

  /// Runs `body` for consecutive ranges of at most `size` indices that cover `0..<count`.
  public static func chunks(_ count: Int, size: Int, _ body: @Sendable (Range<Int>) -> Void) {
    forEach((count + size - 1) / size) { body($0 * size..<min(count, ($0 + 1) * size)) }
  }

  /// Computes a value for every index in `0..<count`, on several threads.
  ///
  /// - Parameter maximumThreads: bounds the memory that tasks under way take together.
  /// - Returns: the values in the order of their indices.
  /// - Throws: what a plain loop would throw: the error of the smallest index that has one. Tasks that have not begun
  ///   when an error comes up are left out.
  public static func map<Value: Sendable>(
    _ count: Int, maximumThreads: Int = .max, _ body: @Sendable (Int) throws -> Value
  ) throws -> [Value] {
    let results = Mutex<[Result<Value, any Error>?]>(Array(repeating: nil, count: count))
    forEach(count, threads: min(threads, maximumThreads)) { index in
      let result = Result { try body(index) }
      results.withLock { $0[index] = result }
      return if case .success = result { true } else { false }
    }
    // Indices are taken up in order, so those missing behind an error follow it.
    return try results.withLock { $0 }.compactMap { try $0?.get() }
  }

  /// Hands out the indices in order until they are used up or `body` returns false.
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

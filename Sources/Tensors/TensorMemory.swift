import Foundation
import Threads

/// Memory for tensors, which is allocated or only counted.
///
/// The bytes that a network needs are known before any is allocated: ``bytes(of:)`` runs the code that creates the
/// network, and counts what that code asks for. What is counted and what is allocated cannot drift apart.
public enum TensorMemory {
  /// What has been asked for. A single thread counts.
  private final class Count: @unchecked Sendable {
    var bytes = 0
    /// The largest memory that oneDNN's primitives take turns to use.
    var shared = 0
  }

  @TaskLocal private static var count: Count?

  /// Whether memory is only counted, so that tensors have none.
  package static var isCounted: Bool { count != nil }

  /// Returns the bytes of everything that `body` creates and keeps, and allocates none of it.
  ///
  /// - Parameter body: Creates tensors and convolutions, and does not touch their elements.
  public static func bytes(of body: () throws -> Void) rethrows -> Int {
    let count = Count()
    try $count.withValue(count) { try body() }
    return count.bytes.saturatingSum(count.shared)
  }

  /// Allocates memory that is filled with zeros and aligned to a cache line; `nil` where memory is only counted.
  ///
  /// The program ends when the system refuses. What it needs is compared with what there is before a training
  /// starts, so that only another program's sudden need leads here; an error that is thrown through every layer would
  /// have nobody to catch it.
  static func allocate(_ bytes: Int) -> UnsafeMutableRawPointer? {
    guard count == nil else {
      add(bytes)
      return nil
    }
    var memory: UnsafeMutableRawPointer?
    let isLarge = bytes >= 2 * hugePage
    guard posix_memalign(&memory, isLarge ? hugePage : 64, bytes) == 0, let memory else {
      let text = "hwsseg: error: the system refused \(bytes) bytes of memory; a smaller patch or batch needs less.\n"
      FileHandle.standardError.write(Data(text.utf8))
      exit(1)
    }
    // Convolutions read rows of many planes at once; with pages of 4 KiB the processor forgets where they are.
    if isLarge { madvise(memory, bytes, MADV_HUGEPAGE) }
    let start = SharedPointer(memory)
    Parallel.chunks(bytes, size: 4 * hugePage) {
      (start.pointer + $0.lowerBound).initializeMemory(as: UInt8.self, repeating: 0, count: $0.count)
    }
    return memory
  }

  /// Bytes of the larger pages of an x86-64 processor.
  private static let hugePage = 1 << 21

  /// Counts memory that a library allocates, where memory is counted.
  static func add(_ bytes: Int) {
    if let count { count.bytes = count.bytes.saturatingSum(bytes) }
  }

  /// Counts memory that the primitives of a library take turns to use, where memory is counted.
  static func addShared(_ bytes: Int) {
    if let count { count.shared = max(count.shared, bytes) }
  }
}

extension Int {
  /// The sum, or the largest number where the sum is larger. A patch of 4096³ voxels is too large, not an overflow.
  package func saturatingSum(_ other: Int) -> Int {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? .max : sum
  }
}

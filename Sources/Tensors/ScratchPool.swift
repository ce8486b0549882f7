import Foundation

/// Scratch memory that is lent to tasks and kept for the next one.
///
/// Layers reserve what they will borrow when they are created, so that nothing is allocated later.
public final class ScratchPool: @unchecked Sendable {
  private let lock = NSLock()
  private var free: [Tensor] = []
  /// How many blocks wait to be lent.
  var blocks: Int { lock.withLock { free.count } }
  /// The sizes of the blocks to allocate, in floats, the largest first.
  private var reserved: [Int] = []

  /// Creates an empty pool.
  public init() {}

  /// Provides for tasks that together borrow blocks of these sizes, in floats, at the same time.
  ///
  /// Others may have reserved blocks for another time: the k-th largest block is as large as any of them needs it.
  package func reserve(_ sizes: [Int]) {
    for (index, size) in sizes.sorted(by: >).enumerated() {
      if index < reserved.count {
        reserved[index] = max(reserved[index], size)
      } else {
        reserved.append(size)
      }
    }
  }

  /// Allocates what has been reserved.
  package func allocate() {
    free += reserved.map { Tensor([$0]) }
    reserved = []
  }

  /// Lends `body` uninitialized memory for at least `count` floats.
  ///
  /// The smallest free block that is large enough is taken; when there is none, a new one is allocated.
  package func use(_ count: Int, _ body: (UnsafeMutablePointer<Float>) -> Void) {
    let memory = lock.withLock { take(count) } ?? Tensor([count])
    body(memory.pointer)
    lock.withLock { free.append(memory) }
  }

  private func take(_ count: Int) -> Tensor? {
    var best: Int?
    for i in free.indices where free[i].count >= count && free[i].count < best.map({ free[$0].count }) ?? .max {
      best = i
    }
    return best.map { free.remove(at: $0) }
  }
}

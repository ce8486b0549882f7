import Foundation

/// Scratch memory that is lent to tasks and kept for the next one.
///
/// After the first training step, further steps allocate nothing.
public final class ScratchPool: @unchecked Sendable {
  private let lock = NSLock()
  private var free: [Tensor] = []

  /// Creates an empty pool.
  public init() {}

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

import Foundation

/// Scratch memory lent to one task at a time and kept, so that a step in steady state allocates nothing.
public final class ScratchPool: @unchecked Sendable {
  private let lock = NSLock()
  private var free: [Tensor] = []

  public init() {}

  /// Lends `body` memory for at least `count` floats, of any content: the smallest that is free and large enough.
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

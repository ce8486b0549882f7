import Foundation

/// Scratch memory lent to one task at a time and kept, so that a step in steady state allocates nothing.
package final class ScratchPool: @unchecked Sendable {
  private let lock = NSLock()
  private var free: [Tensor] = []

  package init() {}

  /// Lends `body` memory for at least `count` floats, of any content.
  package func use(_ count: Int, _ body: (UnsafeMutablePointer<Float>) -> Void) {
    let tensor = lock.withLock { free.popLast() }
    let memory = tensor.flatMap { $0.count >= count ? $0 : nil } ?? Tensor([count])
    body(memory.pointer)
    lock.withLock { free.append(memory) }
  }
}

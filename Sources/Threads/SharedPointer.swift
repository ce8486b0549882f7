/// A pointer that can be passed to the threads of ``Parallel``.
///
/// The caller must make sure that no two iterations write to the same address.
@frozen
public struct SharedPointer<Pointer>: @unchecked Sendable {
  /// The pointer itself.
  public let pointer: Pointer

  /// Wraps a pointer.
  @inlinable @inline(__always)
  public init(_ pointer: Pointer) { self.pointer = pointer }
}

/// A pointer that may cross to the threads of `Parallel`. The tasks must write to disjoint places.
@frozen
public struct SharedPointer<Pointer>: @unchecked Sendable {
  public let pointer: Pointer

  @inlinable @inline(__always)
  public init(_ pointer: Pointer) { self.pointer = pointer }
}

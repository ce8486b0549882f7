import Foundation

/// A dense array of numbers in axis order (N, D, H, W, C), channels last, aligned to a cache line.
///
/// `Tensor` is a class because layers share their buffers. Each buffer is allocated once and used
/// in every training step.
public final class Tensor: @unchecked Sendable {
  /// The extent of each axis.
  public let shape: [Int]
  /// The number of elements.
  public let count: Int
  /// The type of the elements.
  public let precision: Precision
  /// `nil` where memory is only counted, see `TensorMemory`.
  private let memory: UnsafeMutableRawPointer?
  /// The tensor that owns the memory, or `nil` when it is this one.
  private let owner: Tensor?

  /// Creates a tensor of zeros.
  public init(_ shape: [Int], _ precision: Precision = .float32) {
    self.shape = shape
    self.precision = precision
    count = shape.reduce(1, *)
    memory = TensorMemory.allocate(max(count, 1) * precision.size)
    owner = nil
  }

  /// Creates a tensor of 32-bit floats from its elements, in C order.
  public convenience init(_ shape: [Int], _ elements: [Float]) {
    self.init(shape)
    precondition(elements.count == count, "elements do not fill the shape")
    withUnsafeMutableBufferPointer { _ = $0.update(from: elements) }
  }

  /// Creates a tensor with the shape, the precision and the elements of another.
  package convenience init(copy other: Tensor) {
    self.init(other.shape, other.precision)
    if let memory, let source = other.memory { memory.copyMemory(from: source, byteCount: count * precision.size) }
  }

  /// Creates a tensor that shares the memory of `owner`, which must be at least as large; it has
  /// the same precision.
  package init(_ shape: [Int], in owner: Tensor) {
    self.shape = shape
    count = shape.reduce(1, *)
    precondition(count <= owner.count, "the tensor does not fit into the memory")
    (precision, memory) = (owner.precision, owner.memory)
    self.owner = owner
  }

  /// Whether both tensors are in the same memory.
  package func sharesMemory(with other: Tensor) -> Bool { (owner ?? self) === (other.owner ?? other) }

  deinit { if owner == nil { free(memory) } }

  /// A copy of the elements as 32-bit floats, in C order.
  public var elements: [Float] {
    switch precision {
    case .float32: Array(UnsafeBufferPointer(start: pointer, count: count))
    case .bfloat16: UnsafeBufferPointer(start: pointer(BFloat16.self), count: count).map(\.float)
    }
  }

  /// Calls `body` with the elements of a tensor of 32-bit floats, in C order.
  public func withUnsafeBufferPointer<Result>(_ body: (UnsafeBufferPointer<Float>) throws -> Result) rethrows -> Result
  {
    try body(UnsafeBufferPointer(start: pointer, count: count))
  }

  /// Calls `body` with the elements of a tensor of 32-bit floats, in C order; `body` may change them.
  public func withUnsafeMutableBufferPointer<Result>(
    _ body: (UnsafeMutableBufferPointer<Float>) throws -> Result
  ) rethrows -> Result {
    try body(UnsafeMutableBufferPointer(start: pointer, count: count))
  }

  /// Sets every element to `value`.
  public func fill(_ value: Float) {
    guard memory != nil else { return }
    switch precision {
    case .float32: pointer.update(repeating: value, count: count)
    case .bfloat16: pointer(BFloat16.self).update(repeating: BFloat16(value), count: count)
    }
  }

  /// A pointer to the elements of a tensor of 32-bit floats; valid while the tensor lives.
  package var pointer: UnsafeMutablePointer<Float> { pointer(Float.self) }

  /// A pointer to the elements, valid while the tensor lives.
  ///
  /// - Parameter type: The element type; it must have the tensor's precision.
  package func pointer<E: Element>(_ type: E.Type) -> UnsafeMutablePointer<E> {
    precondition(E.precision == precision, "a tensor of \(precision) taken for one of \(E.precision)")
    return bytes.assumingMemoryBound(to: E.self)
  }

  /// A pointer to the elements of either type.
  var bytes: UnsafeMutableRawPointer { memory.unsafelyUnwrapped }
}

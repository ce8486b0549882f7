/// A dense array of numbers in memory aligned to a cache line, in axis order (N, D, H, W, C), channels last.
///
/// It is a class because layers share their buffers: each is allocated once, and a training step in steady state allocates
/// nothing.
public final class Tensor: @unchecked Sendable {
  /// Extent of each axis.
  public let shape: [Int]
  /// Number of elements.
  public let count: Int
  public let precision: Precision
  private let memory: UnsafeMutableRawPointer
  /// Whose memory this is a view of.
  private let owner: Tensor?

  /// A tensor of zeros.
  public init(_ shape: [Int], _ precision: Precision = .float32) {
    self.shape = shape
    self.precision = precision
    count = shape.reduce(1, *)
    let bytes = max(count, 1) * precision.size
    memory = .allocate(byteCount: bytes, alignment: 64)
    memory.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
    owner = nil
  }

  /// A tensor of given elements, in C order.
  public convenience init(_ shape: [Int], _ elements: [Float]) {
    self.init(shape)
    precondition(elements.count == count, "elements do not fill the shape")
    withUnsafeMutableBufferPointer { _ = $0.update(from: elements) }
  }

  /// A tensor in the memory of another one that is at least as large and of the same precision.
  package init(_ shape: [Int], in owner: Tensor) {
    self.shape = shape
    count = shape.reduce(1, *)
    precondition(count <= owner.count, "the tensor does not fit into the memory")
    (precision, memory) = (owner.precision, owner.memory)
    self.owner = owner
  }

  deinit { if owner == nil { memory.deallocate() } }

  /// The elements, in C order, copied.
  public var elements: [Float] {
    switch precision {
    case .float32: Array(UnsafeBufferPointer(start: pointer, count: count))
    case .bfloat16: UnsafeBufferPointer(start: pointer(BFloat16.self), count: count).map(\.float)
    }
  }

  /// The elements of a tensor of 32-bit floats.
  public func withUnsafeBufferPointer<Result>(_ body: (UnsafeBufferPointer<Float>) throws -> Result) rethrows -> Result
  {
    try body(UnsafeBufferPointer(start: pointer, count: count))
  }

  /// The elements of a tensor of 32-bit floats.
  public func withUnsafeMutableBufferPointer<Result>(
    _ body: (UnsafeMutableBufferPointer<Float>) throws -> Result
  ) rethrows -> Result {
    try body(UnsafeMutableBufferPointer(start: pointer, count: count))
  }

  /// Sets every element to `value`.
  public func fill(_ value: Float) {
    switch precision {
    case .float32: pointer.update(repeating: value, count: count)
    case .bfloat16: pointer(BFloat16.self).update(repeating: BFloat16(value), count: count)
    }
  }

  /// Where the elements lie, for the rooms' own inner loops; valid while the tensor lives.
  package var pointer: UnsafeMutablePointer<Float> { pointer(Float.self) }

  /// The same for elements of either type, which must be the tensor's.
  package func pointer<E: Element>(_ type: E.Type) -> UnsafeMutablePointer<E> {
    precondition(E.precision == precision, "a tensor of \(precision) taken for one of \(E.precision)")
    return memory.assumingMemoryBound(to: E.self)
  }

  /// Where the elements lie, whatever they are.
  var bytes: UnsafeMutableRawPointer { memory }
}

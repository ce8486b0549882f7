/// A dense array of 32-bit floats in memory aligned to a cache line, in axis order (N, D, H, W, C), channels last.
///
/// It is a class because layers share their buffers: each is allocated once, and a training step in steady state allocates
/// nothing.
public final class Tensor: @unchecked Sendable {
  /// Extent of each axis.
  public let shape: [Int]
  /// Number of elements.
  public let count: Int
  private let memory: UnsafeMutableBufferPointer<Float>

  /// A tensor of zeros.
  public init(_ shape: [Int]) {
    self.shape = shape
    count = shape.reduce(1, *)
    let raw = UnsafeMutableRawPointer.allocate(byteCount: max(count, 1) * 4, alignment: 64)
    memory = UnsafeMutableBufferPointer(start: raw.bindMemory(to: Float.self, capacity: max(count, 1)), count: count)
    memory.initialize(repeating: 0)
  }

  /// A tensor of given elements, in C order.
  public convenience init(_ shape: [Int], _ elements: [Float]) {
    self.init(shape)
    precondition(elements.count == count, "elements do not fill the shape")
    withUnsafeMutableBufferPointer { _ = $0.update(from: elements) }
  }

  deinit { memory.baseAddress!.deallocate() }

  /// The elements, in C order, copied.
  public var elements: [Float] { Array(memory) }

  public func withUnsafeBufferPointer<Result>(_ body: (UnsafeBufferPointer<Float>) throws -> Result) rethrows -> Result
  {
    try body(UnsafeBufferPointer(memory))
  }

  public func withUnsafeMutableBufferPointer<Result>(
    _ body: (UnsafeMutableBufferPointer<Float>) throws -> Result
  ) rethrows -> Result {
    try body(memory)
  }

  /// Sets every element to `value`.
  public func fill(_ value: Float) { memory.update(repeating: value) }

  /// Where the elements lie, for the rooms' own inner loops; valid while the tensor lives.
  package var pointer: UnsafeMutablePointer<Float> { memory.baseAddress! }
}

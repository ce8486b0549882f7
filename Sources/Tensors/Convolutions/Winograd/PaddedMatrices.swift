/// Matrices in scratch memory with gaps between them.
struct PaddedMatrices {
  /// The start of the first matrix.
  let memory: UnsafeMutablePointer<Float>
  /// Floats from one matrix to the next: an odd number of cache lines. At multiples of 4096 bytes the same element of
  /// all matrices would map to the same few sets of the cache.
  let stride: Int

  /// - Parameters:
  ///   - memory: At least `size(count, rows:channels:)` floats.
  ///   - rows: Rows of each matrix.
  ///   - channels: Columns of each matrix, a multiple of sixteen.
  init(_ memory: UnsafeMutablePointer<Float>, rows: Int, channels: Int) {
    (self.memory, stride) = (memory, Self.stride(rows, channels))
  }

  /// Floats of `count` matrices.
  static func size(_ count: Int, rows: Int, channels: Int) -> Int { count * stride(rows, channels) }

  private static func stride(_ rows: Int, _ channels: Int) -> Int { (rows * channels / 16 | 1) * 16 }

  /// One of the matrices.
  @inline(__always)
  func matrix(_ index: Int) -> UnsafeMutablePointer<Float> { memory + index * stride }
}

import Threads

/// An element type that Winograd's products can be computed in.
protocol WinogradElement: VectorElement {
  /// The layout of matrices that are multiplied by filters: a row for each tile.
  associatedtype Rows: WinogradLayout
  /// The layout of matrices whose products are summed over tiles.
  associatedtype Columns: WinogradLayout

  /// Computes `c = a b` for one position.
  ///
  /// - Parameters:
  ///   - m: Rows of `a` and `c`.
  ///   - n: Columns of `b` and `c`.
  ///   - k: Columns of `a` and rows of `b`.
  ///   - a: A matrix in the layout `Rows`.
  ///   - b: Transformed filters; for `BFloat16` in the order of `packPairs`.
  ///   - c: The result in row-major order.
  static func multiply(
    _ m: Int, _ n: Int, _ k: Int, a: UnsafeRawPointer, b: UnsafeRawPointer, c: UnsafeMutablePointer<Float>)

  /// Computes `c = aᵀ b` or `c += aᵀ b` for one position, where `c` is m x n.
  ///
  /// `a` and `b` are matrices of `tiles` rows in the layout `Columns`.
  static func multiplyColumns(
    _ m: Int, _ n: Int, tiles: Int, a: UnsafeRawPointer, b: UnsafeRawPointer, c: UnsafeMutablePointer<Float>,
    accumulate: Bool)
}

extension Float: WinogradElement {
  typealias Rows = FloatRows
  typealias Columns = FloatRows

  @inline(__always)
  static func multiply(
    _ m: Int, _ n: Int, _ k: Int, a: UnsafeRawPointer, b: UnsafeRawPointer, c: UnsafeMutablePointer<Float>
  ) {
    BLAS.multiply(
      m, n, k, a: a.assumingMemoryBound(to: Float.self), k, b: b.assumingMemoryBound(to: Float.self), n, c: c, n)
  }

  @inline(__always)
  static func multiplyColumns(
    _ m: Int, _ n: Int, tiles: Int, a: UnsafeRawPointer, b: UnsafeRawPointer, c: UnsafeMutablePointer<Float>,
    accumulate: Bool
  ) {
    BLAS.multiply(
      m, n, tiles, a: a.assumingMemoryBound(to: Float.self), m, transposeA: true,
      b: b.assumingMemoryBound(to: Float.self), n, c: c, n, accumulate: accumulate)
  }
}

extension BFloat16: WinogradElement {
  typealias Rows = BFloat16Rows
  typealias Columns = BFloat16Pairs

  /// Rounds filters (position, k, n) and packs them as `multiply` takes its `b`: (position, k / 2, n, k % 2).
  static func packPairs(_ filters: Tensor, _ n: Int, into packed: Tensor) {
    let (source, target) = (SharedPointer(filters.pointer), SharedPointer(packed.pointer(BFloat16.self)))
    Parallel.chunks(filters.count / (2 * n), size: 64) { pairs in
      for pair in pairs {
        let (even, odd) = (source.pointer + 2 * pair * n, source.pointer + (2 * pair + 1) * n)
        let packedPair = target.pointer + 2 * pair * n
        for i in 0..<n {
          packedPair[2 * i] = BFloat16(even[i])
          packedPair[2 * i + 1] = BFloat16(odd[i])
        }
      }
    }
  }

  @inline(__always)
  static func multiply(
    _ m: Int, _ n: Int, _ k: Int, a: UnsafeRawPointer, b: UnsafeRawPointer, c: UnsafeMutablePointer<Float>
  ) {
    BFloat16Product.multiply(
      m, n, pairs: k / 2, a: a.assumingMemoryBound(to: UInt32.self), row: k / 2, step: 1,
      b: b.assumingMemoryBound(to: UInt32.self), c: c, accumulate: false)
  }

  @inline(__always)
  static func multiplyColumns(
    _ m: Int, _ n: Int, tiles: Int, a: UnsafeRawPointer, b: UnsafeRawPointer, c: UnsafeMutablePointer<Float>,
    accumulate: Bool
  ) {
    BFloat16Product.multiply(
      m, n, pairs: (tiles + 1) / 2, a: a.assumingMemoryBound(to: UInt32.self), row: 1, step: m,
      b: b.assumingMemoryBound(to: UInt32.self), c: c, accumulate: accumulate)
  }
}

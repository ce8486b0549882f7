import Threads

/// A number that Winograd's products can be computed in.
protocol WinogradElement: VectorElement {
  /// What is multiplied by kernels: a row a tile.
  associatedtype Rows: WinogradForm
  /// What is summed over tiles.
  associatedtype Columns: WinogradForm

  /// `c = a b` for one position: c is m x n, a is m x k of `Rows`, b is k x n.
  static func multiply(
    _ m: Int, _ n: Int, _ k: Int, a: UnsafeRawPointer, b: UnsafeRawPointer, c: UnsafeMutablePointer<Float>)

  /// `c += aᵀ b`, or `c = aᵀ b`, for one position: c is m x n, a and b are of `Columns` with as many tiles.
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

  /// Brings kernels (position, k, n) to the order of `multiply`'s `b`: (position, k / 2, n, k % 2).
  static func arrange(_ kernels: Tensor, _ n: Int, into arranged: Tensor) {
    let (source, target) = (SharedPointer(kernels.pointer), SharedPointer(arranged.pointer(BFloat16.self)))
    Parallel.chunks(kernels.count / (2 * n), size: 64) { pairs in
      for pair in pairs {
        let (even, odd) = (source.pointer + 2 * pair * n, source.pointer + (2 * pair + 1) * n)
        let place = target.pointer + 2 * pair * n
        for i in 0..<n {
          place[2 * i] = BFloat16(even[i])
          place[2 * i + 1] = BFloat16(odd[i])
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

import CBFloat16

/// Matrix products of `BFloat16` numbers, summed in 32-bit floats.
///
/// The processor multiplies pairs: two numbers that are neighbors along the summed dimension share
/// one 32-bit word. Debian's OpenBLAS has no such products, and oneDNN's are slow for matrices as
/// small as Winograd's.
enum BFloat16Product {
  private typealias Vector = SIMD16<Float>

  /// Computes `c = a b` or `c += a b`, where `c` is an m x n matrix in row-major order.
  ///
  /// - Parameters:
  ///   - m: Rows of `c`. They are computed eight at a time: `a` and `c` need room for a multiple of
  ///     eight rows.
  ///   - n: Columns of `c`, a multiple of sixteen.
  ///   - pairs: Pairs that are summed for each element of `c`.
  ///   - a: Pair k of row i is `a[i * row + k * step]`.
  ///   - row: Pairs from one row of `a` to the next.
  ///   - step: Pairs from one pair of a row of `a` to the next.
  ///   - b: Pair k of column j is `b[k * n + j]`.
  ///   - c: The result.
  ///   - accumulate: Whether the product is added to `c` instead of replacing it.
  static func multiply(
    _ m: Int, _ n: Int, pairs: Int, a: UnsafePointer<UInt32>, row: Int, step: Int, b: UnsafePointer<UInt32>,
    c: UnsafeMutablePointer<Float>, accumulate: Bool
  ) {
    for j in stride(from: 0, to: n, by: 32) {
      for i in stride(from: 0, to: m, by: 8) {
        if j + 32 <= n {
          multiplyRows32(pairs, a + i * row, row, step, b + j, n, c + i * n + j, accumulate)
        } else {
          multiplyRows16(pairs, a + i * row, row, step, b + j, n, c + i * n + j, accumulate)
        }
      }
    }
  }

  /// Loads sixteen consecutive pairs.
  @inline(__always)
  private static func loadPairs(_ pointer: UnsafePointer<UInt32>) -> SIMD16<UInt32> {
    UnsafeRawPointer(pointer).loadUnaligned(as: SIMD16<UInt32>.self)
  }

  /// Computes eight rows of 32 columns, in sixteen sums that stay in registers.
  private static func multiplyRows32(
    _ pairs: Int, _ a: UnsafePointer<UInt32>, _ row: Int, _ step: Int, _ b: UnsafePointer<UInt32>, _ n: Int,
    _ c: UnsafeMutablePointer<Float>, _ accumulate: Bool
  ) {
    typealias Vectors = (left: Vector, right: Vector)
    @inline(__always)
    func start(_ i: Int) -> Vectors {
      accumulate ? (Float.load(c + i * n), Float.load(c + i * n + 16)) : (.zero, .zero)
    }
    var (s0, s1, s2, s3) = (start(0), start(1), start(2), start(3))
    var (s4, s5, s6, s7) = (start(4), start(5), start(6), start(7))
    var (a, b) = (a, b)
    for _ in 0..<pairs {
      let (left, right) = (loadPairs(b), loadPairs(b + 16))
      @inline(__always)
      func add(_ sum: inout Vectors, _ i: Int) {
        let factor = SIMD16<UInt32>(repeating: a[i * row])
        sum.left = bf16_dot(sum.left, factor, left)
        sum.right = bf16_dot(sum.right, factor, right)
      }
      add(&s0, 0)
      add(&s1, 1)
      add(&s2, 2)
      add(&s3, 3)
      add(&s4, 4)
      add(&s5, 5)
      add(&s6, 6)
      add(&s7, 7)
      a += step
      b += n
    }
    @inline(__always)
    func finish(_ sum: Vectors, _ i: Int) {
      Float.store(sum.left, c + i * n)
      Float.store(sum.right, c + i * n + 16)
    }
    finish(s0, 0)
    finish(s1, 1)
    finish(s2, 2)
    finish(s3, 3)
    finish(s4, 4)
    finish(s5, 5)
    finish(s6, 6)
    finish(s7, 7)
  }

  /// Computes eight rows of 16 columns.
  private static func multiplyRows16(
    _ pairs: Int, _ a: UnsafePointer<UInt32>, _ row: Int, _ step: Int, _ b: UnsafePointer<UInt32>, _ n: Int,
    _ c: UnsafeMutablePointer<Float>, _ accumulate: Bool
  ) {
    for i in 0..<8 {
      var sum = accumulate ? Float.load(c + i * n) : .zero
      for k in 0..<pairs { sum = bf16_dot(sum, SIMD16(repeating: a[i * row + k * step]), loadPairs(b + k * n)) }
      Float.store(sum, c + i * n)
    }
  }
}

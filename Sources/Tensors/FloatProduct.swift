import CProcessor

/// Products of small matrices in 32-bit floats, with a second factor that is used again and again.
///
/// For the shapes of ``LargeTileConvolution`` they are 7 to 59 % faster than OpenBLAS's (`Benchmarks/README.md`),
/// because the second factor is arranged only once and read ahead.
package enum FloatProduct {
  /// The number that rows are rounded up to: `a` and `c` need room for so many.
  package static let rowBlock = 4
  /// Columns of a panel of `b`.
  static let panel = 32

  /// The offset of an element of `b` in its panels of 32 columns; the last one may have sixteen.
  ///
  /// - Parameters:
  ///   - row: The row of `b`.
  ///   - column: The column of `b`.
  ///   - rows: Rows of `b`.
  ///   - columns: Columns of `b`, a multiple of sixteen.
  package static func offset(row: Int, column: Int, rows: Int, columns: Int) -> Int {
    let start = column / panel * panel
    return start * rows + row * min(panel, columns - start) + column - start
  }

  /// Computes `c = a b` for row-major matrices without gaps between rows, except that `b` is stored in panels.
  ///
  /// - Parameters:
  ///   - m: Rows of `a` and `c`. They are computed four at a time: both matrices need room for a multiple of four.
  ///   - n: Columns of `b` and `c`, a multiple of sixteen.
  ///   - k: Columns of `a` and rows of `b`.
  ///   - b: The matrix in the order of `offset(row:column:rows:columns:)`.
  package static func multiply(
    _ m: Int, _ n: Int, _ k: Int, a: UnsafePointer<Float>, b: UnsafePointer<Float>, c: UnsafeMutablePointer<Float>
  ) {
    for j in stride(from: 0, to: n, by: panel) {
      let (width, b, c) = (min(panel, n - j), b + j * k, c + j)
      if !BLAS.hasAVX512 {
        // The sums below fill the 32 registers of AVX-512. Other processors have half as many.
        BLAS.multiply(m, width, k, a: a, k, b: b, width, c: c, n)
      } else if width == panel {
        multiplyPanel(of: TwoVectors.self, m, n, k, a, b, c)
      } else {
        multiplyPanel(of: OneVector.self, m, n, k, a, b, c)
      }
    }
  }

  @inline(__always)
  private static func multiplyPanel<Columns: PanelColumns>(
    of type: Columns.Type, _ m: Int, _ n: Int, _ k: Int, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>,
    _ c: UnsafeMutablePointer<Float>
  ) {
    var i = 0
    while i + 8 <= m {
      multiplyEightRows(of: type, n, k, a + i * k, b, c + i * n)
      i += 8
    }
    while i < m {
      multiplyFourRows(of: type, n, k, a + i * k, b, c + i * n)
      i += 4
    }
  }

  @inline(__always)
  private static func multiplyEightRows<Columns: PanelColumns>(
    of _: Columns.Type, _ n: Int, _ k: Int, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>,
    _ c: UnsafeMutablePointer<Float>
  ) {
    var (upper, lower) = (FourRows<Columns>(), FourRows<Columns>())
    for i in 0..<k {
      let row = b + i * Columns.count
      Columns.prefetch(row)
      let factors = Columns(row)
      upper.add(a + i, k, factors)
      lower.add(a + 4 * k + i, k, factors)
    }
    upper.store(c, n)
    lower.store(c + 4 * n, n)
  }

  @inline(__always)
  private static func multiplyFourRows<Columns: PanelColumns>(
    of _: Columns.Type, _ n: Int, _ k: Int, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>,
    _ c: UnsafeMutablePointer<Float>
  ) {
    var rows = FourRows<Columns>()
    for i in 0..<k {
      let row = b + i * Columns.count
      Columns.prefetch(row)
      rows.add(a + i, k, Columns(row))
    }
    rows.store(c, n)
  }
}

/// Sums of four rows, in registers.
private struct FourRows<Columns: PanelColumns> {
  private var first = Columns()
  private var second = Columns()
  private var third = Columns()
  private var fourth = Columns()

  @inline(__always)
  init() {}

  /// Adds the products of four numbers, `row` apart, with `factors`.
  @inline(__always)
  mutating func add(_ a: UnsafePointer<Float>, _ row: Int, _ factors: Columns) {
    first.add(a[0], factors)
    second.add(a[row], factors)
    third.add(a[2 * row], factors)
    fourth.add(a[3 * row], factors)
  }

  /// Stores the sums as rows of `n` elements.
  @inline(__always)
  func store(_ c: UnsafeMutablePointer<Float>, _ n: Int) {
    first.store(c)
    second.store(c + n)
    third.store(c + 2 * n)
    fourth.store(c + 3 * n)
  }
}

/// A row of a panel, in registers.
private protocol PanelColumns {
  /// Its elements.
  static var count: Int { get }
  /// Zeros.
  init()
  /// Loads elements.
  init(_ pointer: UnsafePointer<Float>)
  /// Adds `x` times `factors`, rounded once.
  mutating func add(_ x: Float, _ factors: Self)
  func store(_ pointer: UnsafeMutablePointer<Float>)
}

extension PanelColumns {
  /// Asks for a row that is read soon. Filters are read in the order of the memory, from beyond the second-level cache.
  @inline(__always)
  static func prefetch(_ pointer: UnsafePointer<Float>) {
    for line in stride(from: 0, to: count, by: 16) { processor_prefetch(pointer + 48 * count + line) }
  }
}

private struct OneVector: PanelColumns {
  var vector: SIMD16<Float>

  @inline(__always)
  static var count: Int { 16 }
  @inline(__always)
  init() { vector = .zero }
  @inline(__always)
  init(_ pointer: UnsafePointer<Float>) { vector = Float.load(pointer) }
  @inline(__always)
  mutating func add(_ x: Float, _ factors: OneVector) { vector.addProduct(SIMD16(repeating: x), factors.vector) }
  @inline(__always)
  func store(_ pointer: UnsafeMutablePointer<Float>) { Float.store(vector, pointer) }
}

private struct TwoVectors: PanelColumns {
  var left, right: SIMD16<Float>

  @inline(__always)
  static var count: Int { 32 }
  @inline(__always)
  init() { (left, right) = (.zero, .zero) }
  @inline(__always)
  init(_ pointer: UnsafePointer<Float>) { (left, right) = (Float.load(pointer), Float.load(pointer + 16)) }
  @inline(__always)
  mutating func add(_ x: Float, _ factors: TwoVectors) {
    let x = SIMD16(repeating: x)
    left.addProduct(x, factors.left)
    right.addProduct(x, factors.right)
  }
  @inline(__always)
  func store(_ pointer: UnsafeMutablePointer<Float>) {
    Float.store(left, pointer)
    Float.store(right, pointer + 16)
  }
}

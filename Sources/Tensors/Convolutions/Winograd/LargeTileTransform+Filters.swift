extension LargeTileTransform {
  /// Applies the filter transform to weights.
  ///
  /// - Parameters:
  ///   - range: The input channels to transform.
  ///   - weights: The weights (out, kz, ky, kx, in).
  ///   - inputs: Input channels.
  ///   - outputs: Output channels, a multiple of sixteen.
  ///   - target: The transformed filters (position, in, out), each matrix in the order of `FloatProduct`.
  static func filter(
    _ range: Range<Int>, of weights: UnsafePointer<Float>, inputs: Int, outputs: Int,
    into target: UnsafeMutablePointer<Float>
  ) {
    filter(range, rows: inputs, columns: outputs, into: target) { row, column, k in
      var gathered = Vector.zero
      for i in 0..<16 { gathered[i] = weights[((column + i) * 27 + k) * inputs + row] }
      return gathered
    }
  }

  /// Applies the filter transform to mirrored weights, for the gradient with respect to the input.
  ///
  /// - Parameters:
  ///   - range: The output channels to transform.
  ///   - weights: The weights (out, kz, ky, kx, in).
  ///   - inputs: Input channels, a multiple of sixteen.
  ///   - outputs: Output channels.
  ///   - target: The transformed filters (position, out, in), each matrix in the order of `FloatProduct`.
  static func mirroredFilter(
    _ range: Range<Int>, of weights: UnsafePointer<Float>, inputs: Int, outputs: Int,
    into target: UnsafeMutablePointer<Float>
  ) {
    filter(range, rows: outputs, columns: inputs, into: target) { row, column, k in
      Float.load(weights + (row * 27 + 26 - k) * inputs + column)
    }
  }

  /// - Parameter weights: Returns sixteen neighboring columns of a row, at a position of the kernel.
  @inline(__always)
  private static func filter(
    _ range: Range<Int>, rows: Int, columns: Int, into target: UnsafeMutablePointer<Float>,
    weights: (_ row: Int, _ column: Int, _ position: Int) -> Vector
  ) {
    withUnsafeTemporaryAllocation(of: Vector.self, capacity: 216) { work in
      let work = work.baseAddress!
      for row in range {
        for c in stride(from: 0, to: columns, by: 16) {
          for k in 0..<27 { work[k / 9 * 36 + k / 3 % 3 * 6 + k % 3] = weights(row, c, k) }
          for z in 0..<3 {
            for y in 0..<3 { filter(work + z * 36 + y * 6, 1) }
            for x in 0..<6 { filter(work + z * 36 + x, 6) }
          }
          for k in 0..<36 { filter(work + k, 36) }
          let place = target + FloatProduct.offset(row: row, column: c, rows: rows, columns: columns)
          for k in 0..<216 { Float.store(work[k], place + k * rows * columns) }
        }
      }
    }
  }

  /// Gg along one axis, in place: three numbers become six.
  private static func filter(_ g: UnsafeMutablePointer<Vector>, _ step: Int) {
    let (g0, g1, g2) = (g[0], g[step], g[2 * step])
    let (even, odd) = ((g0 + 0.5 * g2) * (-2 / 3), g1 * (a * -2 / 3))
    let (evenB, oddB) = ((g0 + 2 * g2) * (1 / 6), g1 * (b / 6))
    g[step] = even + odd
    g[2 * step] = even - odd
    g[3 * step] = evenB + oddB
    g[4 * step] = evenB - oddB
    g[5 * step] = g2
  }
}

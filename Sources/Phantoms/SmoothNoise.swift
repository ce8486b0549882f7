import Statistics

/// Smooth random fields: independent normal numbers on a coarse lattice, interpolated by cubic
/// B-splines.
enum SmoothNoise {
  /// A field with a mean of about 0 and a variance of about 1.
  ///
  /// - Parameters:
  ///   - shape: The number of grid points along (z, y, x).
  ///   - step: The distance between grid points along each axis, in mm.
  ///   - wavelength: The distance between lattice nodes, in mm.
  ///   - random: The source of the normal numbers.
  /// - Returns: The values at the grid points, x fastest.
  static func field(shape: [Int], step: [Double], wavelength: Double, random: inout CounterRandom) -> [Float] {
    let axes = (0..<3).map { Axis(count: shape[$0], step: step[$0] / wavelength) }
    let nodes = axes[0].nodes * axes[1].nodes * axes[2].nodes
    // Along each axis, the B-spline multiplies the variance of white noise by 151/315 on average.
    let gain = 1 / (151.0 / 315 * (151.0 / 315) * (151.0 / 315)).squareRoot()
    var field: [Float] = []
    field.reserveCapacity(nodes + 1)
    while field.count < nodes {
      let (first, second) = random.preciseNormals()
      field.append(Float(gain * first))
      field.append(Float(gain * second))
    }
    field = axes[2].expand(field, outer: axes[0].nodes * axes[1].nodes, inner: 1)
    field = axes[1].expand(field, outer: axes[0].nodes, inner: shape[2])
    return axes[0].expand(field, outer: 1, inner: shape[1] * shape[2])
  }

  /// The positions of the grid points between the nodes of one axis.
  private struct Axis {
    /// The number of nodes.
    let nodes: Int
    /// For each grid point, the first of the four nodes that it depends on, and their weights.
    let starts: [Int]
    let weights: [(Float, Float, Float, Float)]

    init(count: Int, step: Double) {
      let positions = (0..<count).map { Double($0) * step }
      starts = positions.map { Int($0) }
      nodes = (starts.last ?? 0) + 4
      weights = positions.map { position in
        let t = position - position.rounded(.down)
        let u = 1 - t
        return (
          Float(u * u * u / 6), Float((3 * t * t * t - 6 * t * t + 4) / 6),
          Float((3 * u * u * u - 6 * u * u + 4) / 6), Float(t * t * t / 6)
        )
      }
    }

    /// Interpolates nodes of shape [outer, nodes, inner] to points of shape [outer, points, inner].
    func expand(_ values: [Float], outer: Int, inner: Int) -> [Float] {
      var result = [Float](repeating: 0, count: outer * starts.count * inner)
      values.withUnsafeBufferPointer { values in
        result.withUnsafeMutableBufferPointer { result in
          for block in 0..<outer {
            for point in 0..<starts.count {
              let (a, b, c, d) = weights[point]
              let source = (block * nodes + starts[point]) * inner
              let target = (block * starts.count + point) * inner
              for i in 0..<inner {
                result[target + i] =
                  a * values[source + i] + b * values[source + inner + i] + c * values[source + 2 * inner + i]
                  + d * values[source + 3 * inner + i]
              }
            }
          }
        }
      }
      return result
    }
  }
}

import NIfTI

/// The voxels of a phantom, each of two by two by two points in which the anatomy is evaluated, so that voxels on a boundary
/// hold a mixture.
struct PhantomGrid {
  /// Voxels (z, y, x).
  let shape: [Int]
  /// In mm.
  let spacing: [Double]

  /// A grid around a brain, with a margin.
  init(halfAxes: (z: Double, y: Double, x: Double), spacing: [Double]) {
    self.spacing = spacing
    shape = zip([halfAxes.z, halfAxes.y, halfAxes.x], spacing).map { Int((2.24 * $0 / $1).rounded(.up)) + 2 }
  }

  var pointShape: [Int] { shape.map { 2 * $0 } }
  var pointSpacing: [Double] { spacing.map { $0 / 2 } }

  /// A point's distance from the center along an axis, in mm.
  func position(_ point: Int, axis: Int) -> Double {
    (Double(point) - Double(2 * shape[axis] - 1) / 2) * spacing[axis] / 2
  }

  /// The center of the brain is the origin of the world.
  var geometry: Geometry {
    let center = zip(shape, spacing).map { -Double($0 - 1) / 2 * $1 }
    return Geometry(
      shape: shape, spacing: spacing,
      affine: [spacing[2], 0, 0, center[2], 0, spacing[1], 0, center[1], 0, 0, spacing[0], center[0]])
  }

  /// Each voxel's most frequent label, the lowest of equally frequent ones.
  func labels(_ points: [UInt8]) -> Volume<Int32> {
    var result = Volume<Int32>(shape: shape, repeating: 0)
    forEachVoxel { voxel, around in
      var best: UInt8 = 0
      var votes = 0
      for candidate in around {
        let label = points[candidate]
        let count = around.reduce(into: 0) { $0 += points[$1] == label ? 1 : 0 }
        if count > votes || (count == votes && label < best) { (best, votes) = (label, count) }
      }
      result.voxels[voxel] = Int32(best)
    }
    return result
  }

  /// Each voxel's mean.
  func means(_ points: [Float]) -> Volume<Float> {
    var result = Volume<Float>(shape: shape, repeating: 0)
    forEachVoxel { voxel, around in
      result.voxels[voxel] = around.reduce(into: Float(0)) { $0 += points[$1] } / 8
    }
    return result
  }

  private func forEachVoxel(_ body: (_ voxel: Int, _ points: [Int]) -> Void) {
    let row = 2 * shape[2]
    let slice = 2 * shape[1] * row
    var around = [Int](repeating: 0, count: 8)
    for z in 0..<shape[0] {
      for y in 0..<shape[1] {
        for x in 0..<shape[2] {
          let first = 2 * z * slice + 2 * y * row + 2 * x
          for corner in 0..<8 {
            around[corner] = first + (corner >> 2) * slice + (corner >> 1 & 1) * row + (corner & 1)
          }
          body((z * shape[1] + y) * shape[2] + x, around)
        }
      }
    }
  }
}

import NIfTI

/// The voxel grid of a phantom, and the finer grid of points on which its anatomy is evaluated.
///
/// Each voxel has 2 x 2 x 2 points, so that voxels on a boundary show a mixture of tissues.
struct PhantomGrid {
  /// The number of voxels along (z, y, x).
  let shape: [Int]
  /// The distance between voxel centers along (z, y, x), in mm.
  let spacing: [Double]

  /// Creates a grid around a brain, with a margin.
  init(halfAxes: (z: Double, y: Double, x: Double), spacing: [Double]) {
    self.spacing = spacing
    shape = zip([halfAxes.z, halfAxes.y, halfAxes.x], spacing).map { Int((2.24 * $0 / $1).rounded(.up)) + 2 }
  }

  /// The number of points along (z, y, x).
  var pointShape: [Int] { shape.map { 2 * $0 } }
  /// The distance between points along (z, y, x), in mm.
  var pointSpacing: [Double] { spacing.map { $0 / 2 } }

  /// The signed distance of a point from the center along an axis, in mm.
  func position(_ point: Int, axis: Int) -> Double {
    (Double(point) - Double(2 * shape[axis] - 1) / 2) * spacing[axis] / 2
  }

  /// The geometry of the voxels; the center of the brain is the origin of the world.
  var geometry: Geometry {
    let center = zip(shape, spacing).map { -Double($0 - 1) / 2 * $1 }
    return Geometry(
      shape: shape, spacing: spacing,
      affine: [spacing[2], 0, 0, center[2], 0, spacing[1], 0, center[1], 0, 0, spacing[0], center[0]])
  }

  /// The most frequent label among each voxel's points, or the lowest of those that are equally
  /// frequent.
  func labels(_ points: [UInt8]) -> Volume<Int32> {
    var result = Volume<Int32>(shape: shape, repeating: 0)
    forEachVoxel { voxel, corners in
      var best: UInt8 = 0
      var votes = 0
      for candidate in corners {
        let label = points[candidate]
        let count = corners.reduce(into: 0) { $0 += points[$1] == label ? 1 : 0 }
        if count > votes || (count == votes && label < best) { (best, votes) = (label, count) }
      }
      result.voxels[voxel] = Int32(best)
    }
    return result
  }

  /// The mean over each voxel's points.
  func means(_ points: [Float]) -> Volume<Float> {
    var result = Volume<Float>(shape: shape, repeating: 0)
    forEachVoxel { voxel, corners in
      result.voxels[voxel] = corners.reduce(into: Float(0)) { $0 += points[$1] } / 8
    }
    return result
  }

  /// Calls `body` with the index of each voxel and the indices of its eight points.
  private func forEachVoxel(_ body: (_ voxel: Int, _ points: [Int]) -> Void) {
    let row = 2 * shape[2]
    let slice = 2 * shape[1] * row
    var corners = [Int](repeating: 0, count: 8)
    for z in 0..<shape[0] {
      for y in 0..<shape[1] {
        for x in 0..<shape[2] {
          let first = 2 * z * slice + 2 * y * row + 2 * x
          for corner in 0..<8 {
            corners[corner] = first + (corner >> 2) * slice + (corner >> 1 & 1) * row + (corner & 1)
          }
          body((z * shape[1] + y) * shape[2] + x, corners)
        }
      }
    }
  }
}

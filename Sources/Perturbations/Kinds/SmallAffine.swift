import Foundation
import NIfTI
import Statistics
import Threads

/// A patient who is turned by up to 20° about each axis and is up to a fifth larger or smaller.
///
/// The center of the image stays in place, and what lies beyond its border is as at the border. The image is
/// interpolated linearly. Labels move along: each voxel gets the label with the largest weight among its neighbors, so
/// that the network is asked for what lies at the new place. To move its segmentation back instead would smooth its
/// errors away.
struct SmallAffine: Perturbation {
  static let parameters: [PerturbationParameter] =
    ["z", "y", "x"].map { .direction("about-\($0)") } + [.direction("scale")]

  /// The largest angle, in radians.
  static let angle = Double.pi / 9

  /// The rotation about z, then y, then x, each in largest angles.
  let rotations: [Double]
  /// The logarithm of the scale, to base 1.2.
  let scale: Double

  init(_ vector: [Double]) { (rotations, scale) = (Array(vector[0..<3]), vector[3]) }

  func apply(to acquisition: inout Acquisition, severity: Double, random: inout CounterRandom) {
    let grid = SourceGrid(
      shape: acquisition.shape, matrix: matrix(spacing: acquisition.spacing, severity: severity))
    for channel in acquisition.images.indices {
      let before = acquisition.images[channel].volume.voxels
      acquisition.images[channel].volume.voxels = grid.map { neighbors in
        var sum: Float = 0
        for corner in 0..<8 { sum += neighbors.weights[corner] * before[neighbors.voxels[corner]] }
        return sum
      }
    }
  }

  func moved(_ labels: Volume<Int32>, spacing: [Double], severity: Double) -> Volume<Int32> {
    let grid = SourceGrid(shape: labels.shape, matrix: matrix(spacing: spacing, severity: severity))
    let voxels = grid.map { neighbors in
      var best: (label: Int32, weight: Float) = (0, -1)
      for corner in 0..<8 {
        let label = labels.voxels[neighbors.voxels[corner]]
        var weight: Float = 0
        for other in 0..<8 where labels.voxels[neighbors.voxels[other]] == label { weight += neighbors.weights[other] }
        if weight > best.weight { best = (label, weight) }
      }
      return best.label
    }
    return Volume(shape: labels.shape, voxels: voxels)
  }

  /// The matrix, row by row, from the place of a voxel after the motion to its place before, both in voxels from the
  /// center along (z, y, x).
  private func matrix(spacing: [Double], severity: Double) -> [Double] {
    let size = pow(1.2, severity * scale)
    var matrix = [Double](repeating: 0, count: 9)
    for column in 0..<3 {
      var place = [0.0, 0, 0]
      place[column] = spacing[column] / size
      for axis in [2, 1, 0] {
        let angle = -severity * rotations[axis] * Self.angle
        let (a, b) = ((axis + 1) % 3, (axis + 2) % 3)
        (place[a], place[b]) = (
          cos(angle) * place[a] - sin(angle) * place[b], sin(angle) * place[a] + cos(angle) * place[b]
        )
      }
      for row in 0..<3 { matrix[3 * row + column] = place[row] / spacing[row] }
    }
    return matrix
  }
}

/// For each voxel of a grid, the eight voxels around the place where it was before a linear motion about the center.
private struct SourceGrid: Sendable {
  let shape: [Int]
  let matrix: [Double]

  /// The indices of the voxels and their weights, which sum to 1.
  struct Neighbors {
    var voxels = SIMD8<Int>(repeating: 0)
    var weights = SIMD8<Float>(repeating: 1)
  }

  /// The values of all voxels, x fastest.
  func map<Value: Sendable>(_ value: @Sendable (Neighbors) -> Value) -> [Value] {
    let (rows, columns) = (shape[1], shape[2])
    let count = shape[0] * rows * columns
    return [Value](unsafeUninitializedCapacity: count) { target, initialized in
      nonisolated(unsafe) let target = target
      Parallel.forEach(shape[0]) { z in
        for y in 0..<rows {
          for x in 0..<columns {
            target.initializeElement(at: (z * rows + y) * columns + x, to: value(neighbors(z, y, x)))
          }
        }
      }
      initialized = count
    }
  }

  private func neighbors(_ z: Int, _ y: Int, _ x: Int) -> Neighbors {
    let offset = SIMD3(Double(z), Double(y), Double(x)) - SIMD3(center(0), center(1), center(2))
    var neighbors = Neighbors()
    for axis in 0..<3 {
      let row = SIMD3(matrix[3 * axis], matrix[3 * axis + 1], matrix[3 * axis + 2])
      let last = shape[axis] - 1
      let place = min(max(center(axis) + (row * offset).sum(), 0), Double(last))
      let below = Int(place)
      let (above, share) = (min(below + 1, last), Float(place - Double(below)))
      for corner in 0..<8 {
        let isAbove = corner >> (2 - axis) & 1 == 1
        neighbors.voxels[corner] = neighbors.voxels[corner] * shape[axis] + (isAbove ? above : below)
        neighbors.weights[corner] *= isAbove ? share : 1 - share
      }
    }
    return neighbors
  }

  private func center(_ axis: Int) -> Double { Double(shape[axis] - 1) / 2 }
}

import Foundation
import Statistics

/// A rotation and scaling of a patch about its center.
///
/// The image is interpolated linearly. For the labels, the indicator of each label is interpolated linearly, and the
/// label with the largest value wins.
struct SpatialTransform {
  /// The row-major 3 × 3 matrix that maps offsets from the patch's center to offsets from the region's center.
  let matrix: [Double]

  /// The matrix Rz(a₂) · Ry(a₁) · Rx(a₀) · diag(scales), where Rx, Ry and Rz rotate about axis 0, 1 and 2.
  ///
  /// - Parameters:
  ///   - angles: The angles a₀, a₁, a₂ in radians.
  ///   - scales: The scale along each axis; above 1, objects shrink.
  init(angles: [Double], scales: [Double]) {
    let c = angles.map { cos($0) }
    let s = angles.map { sin($0) }
    let rotation = [
      c[2] * c[1], c[2] * s[1] * s[0] - s[2] * c[0], c[2] * s[1] * c[0] + s[2] * s[0],
      s[2] * c[1], s[2] * s[1] * s[0] + c[2] * c[0], s[2] * s[1] * c[0] - c[2] * s[0],
      -s[1], c[1] * s[0], c[1] * c[0],
    ]
    matrix = rotation.enumerated().map { $1 * scales[$0 % 3] }
  }

  /// Draws a transform: a rotation with probability 0.2 and, independently, a scale in [0.7, 1.4) with probability 0.2.
  ///
  /// - Parameters:
  ///   - rotation: The largest angle in radians, in either direction.
  ///   - inPlane: Whether to rotate and scale in the plane of axes 1 and 2 only.
  /// - Returns: `nil` when the patch is neither rotated nor scaled.
  static func random(rotation: Double, inPlane: Bool, using random: inout CounterRandom) -> SpatialTransform? {
    let (rotates, scales) = (random.chance(0.2), random.chance(0.2))
    guard rotates || scales else { return nil }
    var angles = rotates ? (0..<3).map { _ in random.uniform(-rotation, rotation) } : [0, 0, 0]
    let scale = scales ? random.uniform(0.7, 1.4) : 1
    // A rotation about axis 0 stays in the plane of the other two.
    if inPlane { (angles[1], angles[2]) = (0, 0) }
    return SpatialTransform(angles: angles, scales: [inPlane ? 1 : scale, scale, scale])
  }

  /// Samples a patch around the center of a region.
  ///
  /// - Parameters:
  ///   - source: The region.
  ///   - patch: The shape of the patch, (z, y, x).
  ///   - outside: The label outside the region and the case, where the image is 0.
  func sample(_ source: PatchSource, patch: [Int], outside: Int16 = -1) -> Patch {
    let m = matrix.map { Float($0) }
    let (height, width) = (patch[1], patch[2])
    let voxels = patch[0] * height * width
    let channels = source.channels
    // The part of the region that lies inside the case, in voxels of the case.
    let low = (0..<3).map { max(0, source.lower[$0]) }
    let high = (0..<3).map { min(source.shape[$0], source.lower[$0] + source.size[$0]) }
    let center = (0..<3).map { Float(source.lower[$0]) + Float(source.size[$0] - 1) / 2 }
    let half = patch.map { Float($0 - 1) / 2 }
    let (rowStride, planeStride) = (source.shape[2], source.shape[1] * source.shape[2])
    let caseVoxels = source.shape[0] * planeStride
    let (low0, low1, low2) = (low[0], low[1], low[2])
    let (high0, high1, high2) = (high[0], high[1], high[2])
    let (image, labels) = (source.image, source.labels)

    var result = Patch(
      channels: channels, shape: patch, image: Array(repeating: 0, count: channels * voxels),
      labels: Array(repeating: outside, count: voxels))
    guard low0 < high0, low1 < high1, low2 < high2 else { return result }
    result.image.withUnsafeMutableBufferPointer { outImage in
      result.labels.withUnsafeMutableBufferPointer { outLabels in
        for row in 0..<patch[0] * height {
          let z = Float(row / height) - half[0]
          let y = Float(row % height) - half[1]
          let start0 = m[0] * z + m[1] * y + center[0]
          let start1 = m[3] * z + m[4] * y + center[1]
          let start2 = m[6] * z + m[7] * y + center[2]
          for column in 0..<width {
            let x = Float(column) - half[2]
            let p0 = start0 + m[2] * x
            let p1 = start1 + m[5] * x
            let p2 = start2 + m[8] * x
            guard p0 > Float(low0 - 1), p1 > Float(low1 - 1), p2 > Float(low2 - 1),
              p0 < Float(high0), p1 < Float(high1), p2 < Float(high2)
            else { continue }
            // All positions are above −1 here, so truncating p + 1 and subtracting 1 rounds down.
            let (i0, i1, i2) = (Int(p0 + 1) - 1, Int(p1 + 1) - 1, Int(p2 + 1) - 1)
            let (f0, f1, f2) = (p0 - Float(i0), p1 - Float(i1), p2 - Float(i2))
            let to = row * width + column
            let from = i0 * planeStride + i1 * rowStride + i2
            if i0 >= low0, i1 >= low1, i2 >= low2, i0 + 1 < high0, i1 + 1 < high1, i2 + 1 < high2 {
              for channel in 0..<channels {
                let at = channel * caseVoxels + from
                let a = image[at] + f2 * (image[at + 1] - image[at])
                let b = image[at + rowStride] + f2 * (image[at + rowStride + 1] - image[at + rowStride])
                let next = at + planeStride
                let c = image[next] + f2 * (image[next + 1] - image[next])
                let d = image[next + rowStride] + f2 * (image[next + rowStride + 1] - image[next + rowStride])
                let near = a + f1 * (b - a)
                outImage[channel * voxels + to] = near + f0 * (c + f1 * (d - c) - near)
              }
              let next = from + planeStride
              let label = labels[from]
              if label == labels[from + 1], label == labels[from + rowStride], label == labels[from + rowStride + 1],
                label == labels[next], label == labels[next + 1], label == labels[next + rowStride],
                label == labels[next + rowStride + 1]
              {
                outLabels[to] = label
                continue
              }
            } else {
              for corner in 0..<8 {
                let (j0, j1, j2) = (i0 + corner >> 2, i1 + corner >> 1 & 1, i2 + corner & 1)
                guard j0 >= low0, j1 >= low1, j2 >= low2, j0 < high0, j1 < high1, j2 < high2 else { continue }
                let weight = Self.weight(corner, f0, f1, f2)
                let at = j0 * planeStride + j1 * rowStride + j2
                for channel in 0..<channels {
                  outImage[channel * voxels + to] += weight * image[channel * caseVoxels + at]
                }
              }
            }
            var votes = LabelVotes()
            for corner in 0..<8 {
              let (j0, j1, j2) = (i0 + corner >> 2, i1 + corner >> 1 & 1, i2 + corner & 1)
              let isInside = j0 >= low0 && j1 >= low1 && j2 >= low2 && j0 < high0 && j1 < high1 && j2 < high2
              votes.add(
                Self.weight(corner, f0, f1, f2), isInside ? labels[j0 * planeStride + j1 * rowStride + j2] : outside)
            }
            // The nearest voxel, with halves rounded to even as in PyTorch's `grid_sample`.
            let n0 = Int(p0.rounded(.toNearestOrEven))
            let n1 = Int(p1.rounded(.toNearestOrEven))
            let n2 = Int(p2.rounded(.toNearestOrEven))
            let isInside = n0 >= low0 && n1 >= low1 && n2 >= low2 && n0 < high0 && n1 < high1 && n2 < high2
            outLabels[to] = votes.winner(
              nearest: isInside ? labels[n0 * planeStride + n1 * rowStride + n2] : outside)
          }
        }
      }
    }
    return result
  }

  private static func weight(_ corner: Int, _ f0: Float, _ f1: Float, _ f2: Float) -> Float {
    (corner & 4 == 0 ? 1 - f0 : f0) * (corner & 2 == 0 ? 1 - f1 : f1) * (corner & 1 == 0 ? 1 - f2 : f2)
  }
}

/// The interpolation weights of the labels around a position, of which there are at most eight.
private struct LabelVotes {
  private var labels = SIMD8<Int16>(repeating: 0)
  private var weights = SIMD8<Float>(repeating: 0)
  private var count = 0

  mutating func add(_ weight: Float, _ label: Int16) {
    for index in 0..<count where labels[index] == label {
      weights[index] += weight
      return
    }
    labels[count] = label
    weights[count] = weight
    count += 1
  }

  /// The label with the largest weight; of equal ones, `nearest` if it is among them, otherwise the smallest.
  ///
  /// As in batchgeneratorsv2, weights are compared after multiplication by 1000 and rounding to 16-bit floats.
  func winner(nearest: Int16) -> Int16 {
    var best = labels[0]
    var bestScore = -Float16.infinity
    for index in 0..<count {
      let score = Float16(weights[index] * 1000)
      let isBetter =
        score > bestScore || score == bestScore && best != nearest && (labels[index] == nearest || labels[index] < best)
      if isBetter { (best, bestScore) = (labels[index], score) }
    }
    return best
  }
}

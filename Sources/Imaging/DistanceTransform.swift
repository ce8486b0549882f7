import NIfTI

/// The exact Euclidean distance transform of Felzenszwalb and Huttenlocher, "Distance transforms of
/// sampled functions" (2012).
public enum DistanceTransform {
  /// The squared distance from each voxel's center to the nearest site's center.
  ///
  /// - Parameters:
  ///   - sites: The voxels to which distances are measured.
  ///   - spacing: The distance between voxel centers along (z, y, x), in mm.
  /// - Returns: Squared distances in mm², in the shape of `sites`; infinite everywhere when there
  ///   is no site.
  public static func squaredDistances(to sites: Volume<Bool>, spacing: [Double]) -> Volume<Double> {
    let shape = sites.shape
    var distances = Volume(shape: shape, voxels: sites.voxels.map { $0 ? 0 : Double.infinity })
    guard !sites.voxels.isEmpty else { return distances }
    var envelope = LowerEnvelope(capacity: shape.max() ?? 0)
    distances.voxels.withUnsafeMutableBufferPointer { voxels in
      guard let base = voxels.baseAddress else { return }
      for (axis, stride) in [(2, 1), (1, shape[2]), (0, shape[1] * shape[2])] {
        let count = shape[axis]
        let weight = spacing[axis] * spacing[axis]
        for outer in Swift.stride(from: 0, to: voxels.count, by: stride * count) {
          for inner in outer..<outer + stride {
            envelope.transform(base + inner, stride: stride, count: count, weight: weight)
          }
        }
      }
    }
    return distances
  }
}

/// The lower envelope of a line's parabolas, with the memory that it needs.
private struct LowerEnvelope {
  private var heights: [Double]
  /// The positions of the vertices of the envelope's parabolas.
  private var feet: [Int]
  /// The position from which on each of these parabolas is the lowest.
  private var starts: [Double]

  init(capacity: Int) {
    heights = Array(repeating: 0, count: capacity)
    feet = Array(repeating: 0, count: capacity)
    starts = Array(repeating: 0, count: capacity)
  }

  /// Replaces each value by the minimum over the line of value + weight · distance².
  mutating func transform(_ line: UnsafeMutablePointer<Double>, stride: Int, count: Int, weight: Double) {
    var last = -1
    heights.withUnsafeMutableBufferPointer { heights in
      feet.withUnsafeMutableBufferPointer { feet in
        starts.withUnsafeMutableBufferPointer { starts in
          for position in 0..<count {
            let height = line[position * stride]
            heights[position] = height
            guard height < .infinity else { continue }
            var start = -Double.infinity
            while last >= 0 {
              let foot = feet[last]
              let rise = height - heights[foot]
              // Where this parabola and the envelope's last one meet.
              start = 0.5 * (rise / (weight * Double(position - foot)) + Double(position + foot))
              if start > starts[last] { break }
              last -= 1
            }
            last += 1
            feet[last] = position
            starts[last] = last == 0 ? -.infinity : start
          }
          guard last >= 0 else { return }
          var current = 0
          for position in 0..<count {
            while current < last, starts[current + 1] < Double(position) { current += 1 }
            let distance = Double(position - feet[current])
            line[position * stride] = heights[feet[current]] + weight * distance * distance
          }
        }
      }
    }
  }
}

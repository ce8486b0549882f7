import Statistics

/// Simulates a scan of lower resolution: channels are sampled down by nearest neighbor and up again linearly.
struct LowResolution {
  /// For each channel, the scale along (z, y, x), at most 1; `nil` leaves a channel unchanged.
  let scales: [[Double]?]

  /// Draws for each channel, with probability 0.5, a scale in [0.5, 1) for all axes.
  ///
  /// - Parameter inPlane: Whether axis 0 keeps its resolution.
  static func random(channels: Int, inPlane: Bool, using random: inout CounterRandom) -> LowResolution {
    LowResolution(
      scales: (0..<channels).map { _ in
        guard random.chance(0.5) else { return nil }
        let scale = random.uniform(0.5, 1)
        return [inPlane ? 1 : scale, scale, scale]
      })
  }

  func apply(to patch: inout Patch) {
    let (depth, height, width) = (patch.shape[0], patch.shape[1], patch.shape[2])
    for (channel, scales) in scales.enumerated() {
      guard let scales else { continue }
      let range = patch.range(ofChannel: channel)
      let source = Array(patch.image[range])
      let (zs, ys, xs) = (
        LinearSamples(depth, scales[0]), LinearSamples(height, scales[1]), LinearSamples(width, scales[2])
      )
      patch.image.withUnsafeMutableBufferPointer { image in
        source.withUnsafeBufferPointer { source in
          for z in 0..<depth {
            let (plane0, plane1) = (zs.first[z] * height, zs.second[z] * height)
            for y in 0..<height {
              let a = (plane0 + ys.first[y]) * width
              let b = (plane0 + ys.second[y]) * width
              let c = (plane1 + ys.first[y]) * width
              let d = (plane1 + ys.second[y]) * width
              let to = range.lowerBound + (z * height + y) * width
              for x in 0..<width {
                let (x0, x1, f) = (xs.first[x], xs.second[x], xs.fraction[x])
                let p = source[a + x0] + f * (source[a + x1] - source[a + x0])
                let q = source[b + x0] + f * (source[b + x1] - source[b + x0])
                let r = source[c + x0] + f * (source[c + x1] - source[c + x0])
                let s = source[d + x0] + f * (source[d + x1] - source[d + x0])
                let near = p + ys.fraction[y] * (q - p)
                image[to + x] = near + zs.fraction[z] * (r + ys.fraction[y] * (s - r) - near)
              }
            }
          }
        }
      }
    }
  }

  /// For each voxel along an axis, the two original voxels it is interpolated from after sampling down and up.
  private struct LinearSamples {
    var first: [Int] = []
    var second: [Int] = []
    var fraction: [Float] = []

    init(_ length: Int, _ scale: Double) {
      // As in PyTorch, the scale and all positions are 32-bit floats.
      let coarse = max(1, Int((Double(length) * Double(Float(scale))).rounded(.toNearestOrEven)))
      let down = Float(length) / Float(coarse)
      let up = Float(coarse) / Float(length)
      let kept = (0..<coarse).map { min(Int((Float($0) + 0.5) * down), length - 1) }
      for voxel in 0..<length {
        let position = max(up * (Float(voxel) + 0.5) - 0.5, 0)
        let index = min(Int(position), coarse - 1)
        first.append(kept[index])
        second.append(kept[min(index + 1, coarse - 1)])
        fraction.append(position - Float(index))
      }
    }
  }
}

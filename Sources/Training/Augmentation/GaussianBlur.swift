import Foundation
import Statistics

/// Convolves channels with a Gaussian whose width differs between axes, with reflection at the borders.
struct GaussianBlur {
  /// For each channel, the standard deviation along (z, y, x) in voxels; `nil` leaves a channel unchanged.
  let sigmas: [[Double]?]

  /// Draws for each channel, with probability 0.5, a standard deviation in [0.5, 1) for each axis.
  static func random(channels: Int, using random: inout CounterRandom) -> GaussianBlur {
    GaussianBlur(
      sigmas: (0..<channels).map { _ in
        random.chance(0.5) ? (0..<3).map { _ in random.uniform(0.5, 1) } : nil
      })
  }

  func apply(to patch: inout Patch) {
    let shape = patch.shape
    let strides = [shape[1] * shape[2], shape[2], 1]
    var scratch = [Float](repeating: 0, count: patch.voxelCount)
    for (channel, sigmas) in sigmas.enumerated() {
      guard let sigmas else { continue }
      let range = patch.range(ofChannel: channel)
      patch.image.withUnsafeMutableBufferPointer { image in
        let image = UnsafeMutableBufferPointer(rebasing: image[range])
        for axis in 0..<3 {
          Self.blur(
            image, &scratch, kernel: Self.kernel(sigma: sigmas[axis]), length: shape[axis], stride: strides[axis])
        }
      }
    }
  }

  /// The weights exp(−x² / 2σ²) at integer offsets x, normalized to sum 1.
  ///
  /// Their number is the odd integer nearest to 6σ + 0.5.
  static func kernel(sigma: Double) -> [Float] {
    let size = 6 * sigma + 0.5
    var taps = Int(size.rounded(.toNearestOrEven))
    if taps % 2 == 0 { taps += size >= Double(taps) ? 1 : -1 }
    let weights = (0..<taps).map { exp(-0.5 * pow((Double($0) - Double(taps / 2)) / sigma, 2)) }
    let sum = weights.reduce(0, +)
    return weights.map { Float($0 / sum) }
  }

  /// Convolves in place along the axis with the given length and stride.
  private static func blur(
    _ image: UnsafeMutableBufferPointer<Float>, _ scratch: inout [Float], kernel: [Float], length: Int, stride: Int
  ) {
    let half = kernel.count / 2
    let block = length * stride
    scratch.withUnsafeMutableBufferPointer { source in
      for index in 0..<image.count { source[index] = image[index] }
      for start in Swift.stride(from: 0, to: image.count, by: block) {
        for position in 0..<length {
          let to = start + position * stride
          for index in 0..<stride { image[to + index] = 0 }
          for (tap, weight) in kernel.enumerated() {
            let from = start + reflected(position + tap - half, length) * stride
            for index in 0..<stride { image[to + index] += weight * source[from + index] }
          }
        }
      }
    }
  }

  /// Reflects an index about the first and the last voxel, which are not repeated, until it is inside.
  private static func reflected(_ index: Int, _ length: Int) -> Int {
    guard length > 1 else { return 0 }
    var index = index
    while index < 0 || index >= length { index = index < 0 ? -index : 2 * (length - 1) - index }
    return index
  }
}

import Foundation
import Statistics

/// Bends each channel's intensities by a power of their place in the channel's range, and restores its mean and
/// deviation.
struct Gamma {
  /// One a channel; nil leaves a channel as it is.
  let exponents: [Double?]
  /// Whether the negative image is bent.
  let isInverted: Bool

  static func random(channels: Int, isInverted: Bool, using random: inout CounterRandom) -> Gamma {
    Gamma(exponents: (0..<channels).map { _ in random.aroundOne(0.7, 1.5) }, isInverted: isInverted)
  }

  func apply(to patch: inout Patch) {
    let sign: Float = isInverted ? -1 : 1
    for (channel, exponent) in exponents.enumerated() {
      guard let exponent = exponent.map({ Float($0) }) else { continue }
      let range = patch.range(ofChannel: channel)
      patch.image.withUnsafeMutableBufferPointer { image in
        let image = UnsafeMutableBufferPointer(rebasing: image[range])
        for index in image.indices { image[index] *= sign }
        let before = ChannelStatistics(UnsafeBufferPointer(image))
        let extent = before.maximum - before.minimum
        let divisor = max(extent, 1e-7)
        for index in image.indices {
          image[index] = pow((image[index] - before.minimum) / divisor, exponent) * extent + before.minimum
        }
        let after = ChannelStatistics(UnsafeBufferPointer(image))
        let factor = Float(before.deviation / max(after.deviation, 1e-7))
        for index in image.indices {
          image[index] = sign * ((image[index] - Float(after.mean)) * factor + Float(before.mean))
        }
      }
    }
  }
}

import Foundation
import Statistics

/// Applies a gamma curve to each channel, and then restores its mean and standard deviation.
///
/// The curve is ((x − min) / (max − min))^γ · (max − min) + min. The result is not clipped to the former range.
struct Gamma {
  /// The exponent γ for each channel; `nil` leaves a channel unchanged.
  let exponents: [Double?]
  /// Whether the curve is applied to the negative image, −x.
  let isInverted: Bool

  /// Draws an exponent in [0.7, 1.5) for each channel.
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

import Statistics

/// Scales each channel about its mean and clips it to its former range: clip((x − mean) · f + mean, min, max).
struct Contrast {
  /// The factor f for each channel; `nil` leaves a channel unchanged.
  let factors: [Double?]

  /// Draws a factor in [0.75, 1.25) for each channel.
  static func random(channels: Int, using random: inout CounterRandom) -> Contrast {
    Contrast(factors: (0..<channels).map { _ in random.aroundOne(0.75, 1.25) })
  }

  func apply(to patch: inout Patch) {
    for (channel, factor) in factors.enumerated() {
      guard let factor = factor.map({ Float($0) }) else { continue }
      let range = patch.range(ofChannel: channel)
      patch.image.withUnsafeMutableBufferPointer { image in
        let image = UnsafeMutableBufferPointer(rebasing: image[range])
        let statistics = ChannelStatistics(UnsafeBufferPointer(image))
        let mean = Float(statistics.mean)
        for index in image.indices {
          image[index] = min(max((image[index] - mean) * factor + mean, statistics.minimum), statistics.maximum)
        }
      }
    }
  }
}

import Statistics

/// Multiplies each channel by a factor.
struct Brightness {
  /// One factor for each channel.
  let factors: [Double]

  /// Draws a factor in [0.75, 1.25) for each channel.
  static func random(channels: Int, using random: inout CounterRandom) -> Brightness {
    Brightness(factors: (0..<channels).map { _ in random.aroundOne(0.75, 1.25) })
  }

  func apply(to patch: inout Patch) {
    for (channel, factor) in factors.enumerated() {
      let factor = Float(factor)
      for index in patch.range(ofChannel: channel) { patch.image[index] *= factor }
    }
  }
}

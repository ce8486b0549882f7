import Statistics

/// Multiplies each channel with a factor.
struct Brightness {
  /// One a channel.
  let factors: [Double]

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

extension CounterRandom {
  /// Below or above 1 with the same probability: uniform in [lower, 1), or in [1, upper). `lower` is at most 1.
  mutating func aroundOne(_ lower: Double, _ upper: Double) -> Double {
    chance(0.5) ? uniform(lower, 1) : uniform(1, upper)
  }
}

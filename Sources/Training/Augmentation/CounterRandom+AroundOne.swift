import Statistics

extension CounterRandom {
  /// A factor below or above 1 with equal probability: uniform in [lower, 1), or uniform in [1, upper).
  ///
  /// - Parameters:
  ///   - lower: The smallest factor, at most 1.
  ///   - upper: The largest factor, at least 1.
  mutating func aroundOne(_ lower: Double, _ upper: Double) -> Double {
    chance(0.5) ? uniform(lower, 1) : uniform(1, upper)
  }
}

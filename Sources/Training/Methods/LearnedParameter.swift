/// A bounded number that follows gradients by steps of `Adam`.
struct LearnedParameter: Codable, Equatable {
  private(set) var value: Double
  private var adam = Adam(count: 1)

  init(_ value: Double) { self.value = value }

  /// Moves the value upwards along a gradient.
  ///
  /// - Parameter bound: The largest magnitude of the value.
  mutating func follow(_ gradient: Double, rate: Double, bound: Double) {
    value = min(max(value + adam.step(along: [gradient], rate: rate)[0], -bound), bound)
  }

  /// Whether the numbers can have come from ``follow(_:rate:bound:)``.
  func isConsistent(bound: Double) -> Bool { abs(value) <= bound && adam.isConsistent(count: 1) }
}

import Foundation

/// A number that follows gradients by Adam (Kingma and Ba 2015, <https://arxiv.org/abs/1412.6980>).
///
/// A step is the moving average of the gradients divided by the root of that of their squares, times the learning rate.
/// So it does not depend on the scale of the gradients, which shrink by orders of magnitude as a training goes on.
struct LearnedParameter: Codable, Equatable {
  private(set) var value: Double
  private var mean = 0.0
  private var square = 0.0
  private var updates = 0

  private static let (meanDecay, squareDecay) = (0.9, 0.999)

  init(_ value: Double) { self.value = value }

  /// Moves the value upwards along a gradient.
  ///
  /// - Parameter bound: The largest magnitude of the value.
  mutating func follow(_ gradient: Double, rate: Double, bound: Double) {
    updates += 1
    mean = Self.meanDecay * mean + (1 - Self.meanDecay) * gradient
    square = Self.squareDecay * square + (1 - Self.squareDecay) * gradient * gradient
    let spread = (square / (1 - pow(Self.squareDecay, Double(updates)))).squareRoot()
    guard spread > 0 else { return }
    let step = rate * mean / (1 - pow(Self.meanDecay, Double(updates))) / spread
    value = min(max(value + step, -bound), bound)
  }

  /// Whether the numbers can have come from ``follow(_:rate:bound:)``.
  func isConsistent(bound: Double) -> Bool {
    abs(value) <= bound && mean.isFinite && square.isFinite && square >= 0 && updates >= 0
  }
}

/// The value of a statistic and the interval that says how certain it is.
public struct Estimate: Sendable, Equatable {
  /// The statistic of the observed data; NaN when it is not defined.
  public let value: Double
  /// `nil` when there is none, such as for a single observation or when all are equal.
  public let interval: ConfidenceInterval?

  /// Creates an estimate from its parts.
  public init(value: Double, interval: ConfidenceInterval?) {
    self.value = value
    self.interval = interval
  }
}

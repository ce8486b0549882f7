/// What an axis of a chart shows.
public struct Axis: Equatable, Sendable {
  /// The quantity, with its unit.
  public var title: String
  /// Values that the axis covers even without data there, such as 0 to 1 for Dice.
  public var range: ClosedRange<Double>?

  /// Creates an axis that covers the data and `range`, which must be finite.
  public init(_ title: String, range: ClosedRange<Double>? = nil) {
    self.title = title
    self.range = range
  }
}

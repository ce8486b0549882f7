/// The values that one axis of a chart has to show.
struct Extent {
  private(set) var range: ClosedRange<Double>?
  private(set) var isWhole = true

  mutating func include(_ value: Double) {
    range = range.map { min($0.lowerBound, value)...max($0.upperBound, value) } ?? value...value
    if value != value.rounded() { isWhole = false }
  }

  mutating func include(_ values: ClosedRange<Double>?) {
    guard let values else { return }
    include(values.lowerBound)
    include(values.upperBound)
  }
}

extension Double {
  /// Whether a chart can show the value. Larger ones would overflow in the arithmetic of an axis.
  var isDrawable: Bool { abs(self) <= 1e100 }
}

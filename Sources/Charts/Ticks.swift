import Foundation

/// The marks of an axis: multiples of 1, 2 or 5 times a power of ten that enclose a range.
struct Ticks: Equatable {
  /// In ascending order; at least two.
  let values: [Double]
  /// The values as text, all with the same number of decimals.
  let labels: [String]

  var range: ClosedRange<Double> { values[0]...values[values.count - 1] }

  /// Covers a range with about `count` steps. A range too narrow to label is widened first.
  init(covering range: ClosedRange<Double>, count: Int, wholeNumbers: Bool = false) {
    let range = Self.widened(range)
    let step = Step(atLeast: (range.upperBound - range.lowerBound) / Double(count), wholeNumbers: wholeNumbers)
    var first = Int((range.lowerBound / step.size).rounded())
    while step.multiple(first) > range.lowerBound { first -= 1 }
    while step.multiple(first + 1) <= range.lowerBound { first += 1 }
    var last = max(Int((range.upperBound / step.size).rounded()), first + 1)
    while step.multiple(last) < range.upperBound { last += 1 }
    while last > first + 1, step.multiple(last - 1) >= range.upperBound { last -= 1 }
    values = (first...last).map(step.multiple)
    let largest = max(abs(values[0]), abs(values[values.count - 1]))
    labels = values.map { step.label($0, largest: largest) }
  }

  /// Leaves room around a single value, and around values that differ in less than their sixth digit.
  private static func widened(_ range: ClosedRange<Double>) -> ClosedRange<Double> {
    let size = max(abs(range.lowerBound), abs(range.upperBound))
    let margin = size < 1e-100 ? 1 : size / 10
    guard range.upperBound - range.lowerBound < margin * 1e-5 else { return range }
    return (range.lowerBound - margin)...(range.upperBound + margin)
  }
}

/// The distance between two ticks, `mantissa` · 10^`exponent`.
private struct Step {
  let mantissa: Int
  let exponent: Int

  init(atLeast size: Double, wholeNumbers: Bool) {
    let floor = Int(log10(size).rounded(.down))
    let candidates = [(1, floor), (2, floor), (5, floor), (1, floor + 1)]
    let (mantissa, exponent) = candidates.first { Double($0.0) * pow(10, Double($0.1)) >= size } ?? (2, floor + 1)
    (self.mantissa, self.exponent) = wholeNumbers && exponent < 0 ? (1, 0) : (mantissa, exponent)
  }

  var size: Double { multiple(1) }

  /// Divides by a power of ten rather than multiplying by 0.1, so that three steps of 0.1 are 0.3.
  func multiple(_ count: Int) -> Double {
    let digits = Double(count) * Double(mantissa)
    return exponent < 0 ? digits / pow(10, Double(-exponent)) : digits * pow(10, Double(exponent))
  }

  func label(_ value: Double, largest: Double) -> String {
    if value == 0 { return "0" }
    let isPlain = largest < 1e6 && exponent >= -5
    if isPlain { return String(format: "%.\(max(0, -exponent))f", value) }
    // As many digits as tell neighbors apart.
    let power = Int(log10(abs(value)).rounded(.down))
    return String(format: "%.\(max(0, power - exponent))f", value / pow(10, Double(power))) + "e\(power)"
  }
}

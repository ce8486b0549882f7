import Testing

@testable import Charts

/// Protects axes: ticks enclose the data, are few, and can be told apart.
@Suite struct TicksTests {
  static let ranges: [ClosedRange<Double>] = [
    0...1, 0...0, 1...1, -1...1, 0.3...0.7, 0.1...0.3, 0...99, 1...1000, 0...1e100, -1e100...1e100, 1e-300...2e-300,
    1e-9...3e-9, -0.001...0.0005, 5e5...2e6, 123456.7...123456.8, 1e15...(1e15 + 1), -273.15 ... -273.15,
    0...(.leastNonzeroMagnitude),
    0.999999...1, 7e-7...7.00001e-7,
  ]

  @Test(arguments: ranges, [1, 3, 5, 6, 10]) func ticksEncloseTheRange(range: ClosedRange<Double>, count: Int) {
    let ticks = Ticks(covering: range, count: count)
    #expect(ticks.range.lowerBound <= range.lowerBound && ticks.range.upperBound >= range.upperBound)
    #expect(ticks.values.count >= 2 && ticks.values.count <= count + 3)
    #expect(zip(ticks.values, ticks.values.dropFirst()).allSatisfy { $0 < $1 })
    #expect(Set(ticks.labels).count == ticks.labels.count, "\(ticks.labels)")
    // A label is the value, to the few digits that a step of 1, 2 or 5 has.
    for (value, label) in zip(ticks.values, ticks.labels) {
      let step = ticks.values[1] - ticks.values[0]
      #expect(abs((Double(label) ?? .nan) - value) < 0.01 * step, "\(label) for \(value)")
      #expect(label.count <= 12, "\(label)")
    }
  }

  /// No tick is further out than needed, even where the range ends on a tick that binary fractions only approach.
  @Test func ticksAreTight() {
    #expect(Ticks(covering: 0.3...0.7, count: 4).labels == ["0.3", "0.4", "0.5", "0.6", "0.7"])
    #expect(
      Ticks(covering: 0...1, count: 5).labels
        == ["0", "0.2", "0.4", "0.6", "0.8", "1.0"])
    #expect(Ticks(covering: -50...99, count: 6).labels == ["-50", "0", "50", "100"])
    #expect(Ticks(covering: 0...0.0004, count: 4).labels == ["0", "0.0001", "0.0002", "0.0003", "0.0004"])
    #expect(Ticks(covering: 0...2e-7, count: 2).labels == ["0", "1e-7", "2e-7"])
    #expect(Ticks(covering: 1.5e6...2.5e6, count: 2).labels == ["1.5e6", "2.0e6", "2.5e6"])
  }

  @Test func wholeNumbersHaveNoTicksBetween() {
    #expect(Ticks(covering: 0...2, count: 6, wholeNumbers: true).labels == ["0", "1", "2"])
    #expect(Ticks(covering: 4...4, count: 6, wholeNumbers: true).labels == ["3", "4", "5"])
  }
}

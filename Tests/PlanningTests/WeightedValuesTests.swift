import Datasets
import Statistics
import Testing

@testable import Planning

/// Protects the foreground statistics: NumPy's draws and its mean, deviation and percentiles of them.
@Suite struct WeightedValuesTests {
  @Test func equalsNumPy() {
    let values: [Float] = [3, 1, 4, 1, 5, 9, 2.5, 6]
    var random = NumPyRandom(seed: 1234)
    let all = WeightedValues(drawing: 1000, from: values, using: &random)
    let some = WeightedValues(drawing: 500, from: Array(values.prefix(3)), using: &random)
    #expect(all.values == [1, 2.5, 3, 4, 5, 6, 9])
    #expect(all.counts == [279, 122, 111, 121, 121, 129, 117])
    let properties = WeightedValues(merging: [all, some]).intensityProperties
    #expect(abs(properties.mean - 3.4266667) < 1e-6)
    #expect(abs(properties.standardDeviation - 2.2713335) < 1e-6)
    #expect(properties.percentile005 == 1)
    #expect(properties.median == 3)
    #expect(properties.percentile995 == 9)
    #expect(properties.minimum == 1)
    #expect(properties.maximum == 9)
  }

  /// Percentiles between ranks are interpolated: of 0, 1, …, 8 the 99.5th is 7.96.
  @Test func percentilesBetweenRanks() {
    var random = NumPyRandom(seed: 1)
    let parts = (0..<9).map { WeightedValues(drawing: 1, from: [Float($0)], using: &random) }
    let properties = WeightedValues(merging: parts).intensityProperties
    #expect(properties.percentile995 == Double(Float(7.96)))
    #expect(properties.percentile005 == Double(Float(0.04)))
    #expect(properties.median == 4)
  }
}

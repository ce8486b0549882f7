import Testing

@testable import Statistics

/// Protects quantiles; the expected values are NumPy's `percentile` and `median` to the last bit.
@Suite struct QuantileTests {
  private static let values = [0.7, 0.1, 0.9, 0.30000000000000004, 0.2]

  @Test(arguments: [
    (0.0, 0.1), (5.0, 0.12000000000000001), (10.0, 0.14), (25.0, 0.2), (33.0, 0.23200000000000004),
    (50.0, 0.30000000000000004),
    (75.0, 0.7), (90.0, 0.8200000000000001), (95.0, 0.86), (100.0, 0.9),
  ])
  func percentiles(percentile: Double, expected: Double) {
    #expect(Quantile.percentile(percentile, of: Self.values) == expected)
  }

  @Test func medians() {
    #expect(Quantile.median([3, 1, 2]) == 2)
    #expect(Quantile.median([0.1, 0.7]) == 0.39999999999999997)
    #expect(Quantile.median([]).isNaN)
  }

  @Test func infinitiesStay() {
    #expect(Quantile.percentile(50, of: [1, .infinity, .infinity]) == .infinity)
    #expect(Quantile.percentile(50, of: [1, 2, .infinity]) == 2)
    #expect(Quantile.percentile(95, of: [1, 2, .infinity]) == .infinity)
  }
}

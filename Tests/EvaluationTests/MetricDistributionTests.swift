import Foundation
import TestSupport
import Testing

@testable import Evaluation

/// Protects the statistics of a metric and its tail, with numbers computed by hand.
struct MetricDistributionTests {
  private func named(_ values: [Double]) -> [(name: String, value: Double)] {
    values.enumerated().map { ("case_\($0.offset)", $0.element) }
  }

  @Test func byHand() {
    let spread = MetricDistribution(named([0.4, 0.1, .nan, 0.3, 0.2, 0.5]), isHigherBetter: true)
    #expect(spread.count == 5 && spread.undefined == 1)
    #expect(abs(spread.mean - 0.3) < 1e-12 && abs(spread.median - 0.3) < 1e-12)
    #expect(abs(spread.standardDeviation - 0.025.squareRoot()) < 1e-12)
    #expect(spread.tail.map(\.percentile) == [25, 10, 5])
    for (tail, expected) in zip(spread.tail, [0.2, 0.14, 0.12]) { #expect(abs(tail.value - expected) < 1e-12) }
    #expect(spread.worst == 0.1 && spread.worstCase == "case_1")
  }

  @Test func distancesHaveTheirTailAbove() {
    let spread = MetricDistribution(named([4, 1, 3, 2, 5]), isHigherBetter: false)
    #expect(spread.tail.map(\.percentile) == [75, 90, 95])
    for (tail, expected) in zip(spread.tail, [4, 4.6, 4.8]) { #expect(abs(tail.value - expected) < 1e-12) }
    #expect(spread.worst == 5 && spread.worstCase == "case_4")
  }

  @Test func fewOrNoValues() {
    let one = MetricDistribution(named([0.7]), isHigherBetter: true)
    #expect(
      one.mean == 0.7 && one.median == 0.7 && one.tail.allSatisfy { $0.value == 0.7 } && one.standardDeviation.isNaN)
    let none = MetricDistribution(named([.nan, .nan]), isHigherBetter: true)
    #expect(none.count == 0 && none.undefined == 2 && none.mean.isNaN && none.median.isNaN && none.worst.isNaN)
    #expect(none.worstCase == nil)
  }
}

/// Protects the tail against a published one: the Dice of 349 fetal brains (Fidon et al. 2022).
@Suite(.enabled(if: Golden.isPresent, Comment(rawValue: Golden.absence)))
struct GoldenMetricDistributionTests {
  private static let table = Golden.folder.deletingLastPathComponent().appendingPathComponent(
    "data/fetal_349_metrics.csv")

  @Test(.enabled(if: FileManager.default.fileExists(atPath: table.path), "no table of the 349 fetal brains"))
  func cerebellumInSpinaBifida() throws {
    let rows = try String(contentsOf: Self.table, encoding: .utf8).split(whereSeparator: \.isNewline).dropFirst()
      .map { $0.split(separator: ",", omittingEmptySubsequences: false) }
    let values = try rows.filter { $0[2] == "Spina Bifida" && $0[4] == "cnn" && $0[5] == "cerebellum" }
      .map { (name: String($0[0]), value: try #require(Double($0[6]))) }
    let spread = MetricDistribution(values, isHigherBetter: true)
    #expect(spread.count == 157)
    let found = [spread.mean, spread.median] + spread.tail.map(\.value) + [spread.worst]
    for (value, expected) in zip(found, [80.7, 89.4, 81.4, 63.2, 0.9, 0.0]) { #expect(abs(value - expected) <= 0.05) }
  }
}

import Files
import Foundation
import Testing

@testable import Statistics

/// Protects the statistics against NumPy, SciPy and statsmodels; `Tests/Fixtures/statistics_cases.py` runs them.
@Suite struct ReferenceTests {
  private static let cases: Result<JSONFields, any Error> = Result {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../Fixtures/statistics_cases.json")
    return try JSONFields(JSON.read(file), file: file.path)
  }

  private static func list(_ key: String) throws -> [JSONFields] {
    let fields = try cases.get()
    guard case .array(let values)? = fields.object[key] else { throw CocoaError(.coderInvalidValue) }
    return try values.map { try JSONFields($0, file: fields.file, path: key) }
  }

  private func isClose(_ found: Double, _ expected: Double, within share: Double = 1e-12) -> Bool {
    abs(found - expected) <= share * max(abs(expected), 1e-300)
  }

  /// The correlation ends also where a list holds what it must not.
  @Test(.timeLimit(.minutes(1))) func notANumberHasNoRank() {
    #expect(RankCorrelation.spearman([.nan, 1, .nan], [1, 2, 3]) != 7)
  }

  @Test func normalDistribution() throws {
    let normal = try Self.cases.get().fields("normal")
    for pair in try normal.doubleLists("cdf") {
      #expect(isClose(Normal.cumulative(pair[0]), pair[1]), "at \(pair[0]): \(Normal.cumulative(pair[0]))")
    }
    for pair in try normal.doubleLists("quantile") {
      #expect(isClose(Normal.quantile(pair[0]), pair[1]), "at \(pair[0]): \(Normal.quantile(pair[0]))")
    }
    #expect(Normal.quantile(0) == -.infinity && Normal.quantile(1) == .infinity)
    #expect(Normal.quantile(-0.1).isNaN && Normal.quantile(1.1).isNaN && Normal.quantile(.nan).isNaN)
  }

  @Test func studentsDistribution() throws {
    for item in try Self.cases.get().doubleLists("student") {
      let quantile = StudentT.quantile(item[0], degreesOfFreedom: Int(item[1]))
      #expect(isClose(quantile, item[2], within: 1e-11), "\(item): \(quantile)")
      #expect(isClose(StudentT.cumulative(item[2], degreesOfFreedom: Int(item[1])), item[0]))
    }
  }

  @Test func biasCorrectedIntervals() throws {
    for item in try Self.list("bca") {
      let resampled = try item.doubles("resampled")
      let interval = try #require(
        ConfidenceInterval.biasCorrected(
          estimate: try item.double("estimate"), resampled: resampled, jackknife: try item.doubleLists("jackknife"),
          level: 0.95))
      let middle = try #require(ConfidenceInterval.percentile(resampled: resampled, level: 0.95))
      let percentiles = try item.doubles("percentile_interval")
      #expect(isClose(middle.lower, percentiles[0]) && isClose(middle.upper, percentiles[1]))
      let expected = try item.doubles("interval")
      let name = try item.string("name")
      #expect(isClose(interval.lower, expected[0], within: 1e-9), "\(name): \(interval.lower), not \(expected[0])")
      #expect(isClose(interval.upper, expected[1], within: 1e-9), "\(name): \(interval.upper), not \(expected[1])")
    }
  }

  @Test func signedRanks() throws {
    for item in try Self.list("wilcoxon") {
      let differences = try item.doubles("differences")
      let test = SignedRankTest(differences)
      #expect(test.statistic == (try item.double("statistic")))
      #expect(isClose(test.pValue, try item.double("p"), within: 1e-11), "\(differences): \(test.pValue)")
    }
    for count in [0, 3, 20] {
      let none = SignedRankTest(Array(repeating: 0, count: count))
      #expect(none.pValue == 1 && none.count == 0)
    }
  }

  @Test func stepDownCorrection() throws {
    for item in try Self.list("holm") {
      let corrected = Holm.corrected(try item.doubles("p"))
      for (found, expected) in zip(corrected, try item.doubles("corrected")) { #expect(isClose(found, expected)) }
    }
    #expect(Holm.corrected([]).isEmpty)
  }

  @Test func rankCorrelations() throws {
    #expect(RankCorrelation.spearman([1, 2, 3, 4], [10, 20, 30, 40]) == 1)
    #expect(RankCorrelation.spearman([1, 2, 3, 4], [4, 3, 2, 1]) == -1)
    #expect(RankCorrelation.spearman([1, 1, 1], [1, 2, 3]) == nil)
    #expect(RankCorrelation.spearman([], []) == nil)
    for item in try Self.list("spearman") {
      let (first, second) = (try item.doubles("first"), try item.doubles("second"))
      let found = RankCorrelation.spearman(first, second)
      if let expected = try item.doubleIfPresent("correlation") {
        #expect(isClose(try #require(found), expected), "\(first), \(second)")
      } else {
        #expect(found == nil)
      }
    }
  }

  @Test func samples() throws {
    for item in try Self.list("samples") {
      let values = try item.doubles("values")
      #expect(isClose(SampleMoments.mean(values), try item.double("mean")))
      let deviation = SampleMoments.standardDeviation(values)
      if let expected = try item.doubleIfPresent("sd") {
        #expect(isClose(deviation, expected))
      } else {
        #expect(deviation.isNaN)
      }
      for pair in try item.doubleLists("percentiles") {
        #expect(Quantile.percentile(pair[0], of: values) == pair[1])
      }
      for pair in try item.doubleLists("tail_means") {
        #expect(isClose(TailMean.cvar(pair[0], worstFirst: values.sorted()), pair[1]))
      }
    }
    #expect(TailMean.cvar(0.1, worstFirst: []).isNaN)
  }
}

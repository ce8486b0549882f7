import Files
import Foundation
import Statistics
import TestSupport
import Testing

@testable import Evaluation

/// Protects the robust statistics, their files and their tables.
struct RobustSummaryTests {
  /// Forty cases in two groups of twenty; the scores of the rare group are lower by 0.3.
  private func table(isHigherBetter: Bool = true) -> ScoreTable {
    var random = CounterRandom(seed: 3)
    let groups = Dictionary(uniqueKeysWithValues: (0..<40).map { ("case_\(10 + $0)", $0 < 20 ? "rare" : "usual") })
    let cases = groups.keys.sorted().map { name in
      let score = random.uniform(0.6, 0.9) - (groups[name] == "rare" ? 0.3 : 0)
      return (name, [isHigherBetter ? score : 10 * (1 - score), .nan])
    }
    return ScoreTable(
      score: isHigherBetter ? "Dice" : "HD95", isHigherBetter: isHigherBetter, labels: ["organ", "lesion"],
      cases: Dictionary(uniqueKeysWithValues: cases), groupings: [.init(column: "group", groups: groups)])
  }

  @Test func statisticsAreThoseOfTheRoomBelow() {
    var table = table()
    table.failureThreshold = 0.5
    let statistics = RobustSummary([table]).scores[0].rows[1].all
    let sorted = table.values[0].sorted()
    #expect(statistics.count == 40 && statistics.leftOut == 0 && !statistics.saysLittle)
    #expect(abs(statistics[.mean].value - SampleMoments.mean(sorted)) < 1e-12)
    #expect(statistics[.percentile10].value == Quantile.percentile(10, ofSorted: sorted))
    #expect(abs(statistics[.worstTenth].value - sorted[..<4].reduce(0, +) / 4) < 1e-12)
    #expect(statistics.worst == sorted[0])
    #expect(statistics.failures?.value == Double(sorted.count { $0 < 0.5 }) / 40)
    for statistic in RobustStatistic.allCases where statistic != .percentile1 {
      let estimate = statistics[statistic]
      let interval = estimate.interval
      #expect(interval.map { $0.lower <= estimate.value && estimate.value <= $0.upper } ?? false, "\(statistic)")
    }
  }

  /// The bad end of a distance is above; its percentiles are named so.
  @Test func distancesAreWorstAbove() {
    let table = table(isHigherBetter: false)
    let statistics = RobustSummary([table]).scores[0].rows[1].all
    let sorted = table.values[0].sorted()
    #expect(abs(statistics[.percentile10].value - Quantile.percentile(90, ofSorted: sorted)) < 1e-12)
    #expect(statistics.worst == sorted[39])
    #expect(RobustStatistic.percentile10.key(isHigherBetter: false) == "p90")
  }

  @Test func worstGroupAndGap() throws {
    for isHigherBetter in [true, false] {
      let row = RobustSummary([table(isHigherBetter: isHigherBetter)]).scores[0].rows[1]
      let gap = try #require(row.gaps[0])
      let interval = try #require(gap.gap.interval)
      let expected = isHigherBetter ? 0.3 : 3
      #expect(gap.worstGroup == "rare" && gap.bestGroup == "usual")
      #expect(interval.lower < expected && expected < interval.upper && interval.lower > 0)
      #expect(gap.worstMean.value == row.groups[0][0].statistics[.mean].value)
    }
  }

  /// Of several trainings, a statistic is its mean over them, as in a comparison.
  @Test func statisticsAreMeansOverTrainings() throws {
    var trainings = [0.0, 0.05, -0.02].map { shift in
      var table = table()
      table.values = table.values.map { $0.map { $0 + shift } }
      table.failureThreshold = 0.5
      return table
    }
    trainings[1].values[0].reverse()
    trainings[2].values[0][7] = .nan
    let summary = RobustSummary(trainings: [trainings])
    let row = summary.scores[0].rows[1]
    // A case that one training has no score for is left out of all.
    let kept = trainings.map { table in (0..<40).filter { $0 != 7 }.map { table.values[0][$0] } }
    #expect(row.all.count == 39 && row.all.leftOut == 1 && summary.bootstrap.method == .percentile)
    for statistic in RobustStatistic.allCases {
      let expected = SampleMoments.mean(kept.map { statistic.value(worstFirst: $0.sorted()) })
      #expect(abs(row.all[statistic].value - expected) < 1e-12, "\(statistic)")
    }
    let means = (0..<39).map { index in SampleMoments.mean(kept.map { $0[index] }) }
    #expect(row.all.worst == means.min())
    let groups = row.groups[0].map { $0.statistics[.mean].value }
    let gap = try #require(row.gaps[0])
    #expect(gap.worstMean.value <= groups.min() ?? 0 && gap.gap.value >= abs(groups[0] - groups[1]))
    // The luck of the trainings makes the interval of the mean wider than that of one of them, and no share negative.
    let wide = try #require(row.all[.mean].interval)
    let narrow = try #require(RobustSummary([trainings[0]]).scores[0].rows[1].all[.mean].interval)
    #expect(wide.upper - wide.lower > narrow.upper - narrow.lower)
    #expect((row.all.failures?.interval?.lower ?? -1) >= 0)
    #expect(summary.scores[0].table.values[0][0] == means[0] && summary.scores[0].table.values[0][7].isNaN)
  }

  @Test func labelsWithoutScoresAreSaidToBe() {
    let rows = RobustSummary([table()]).scores[0].rows
    #expect(rows[2].all.count == 0 && rows[2].all.leftOut == 40 && rows[2].all[.mean].value.isNaN)
    #expect(rows[2].all.worstCase == nil && rows[2].gaps[0] == nil)
    #expect(rows[0].all[.mean].value == rows[1].all[.mean].value)
  }

  @Test func filesHoldEveryFigureAndAreTheSameEveryTime() throws {
    try withTemporaryFolder { folder in
      let summary = RobustSummary([table()])
      try summary.write(to: folder)
      let json = try JSONFields(
        JSON.read(folder.appendingPathComponent("robust.json")), file: "robust.json")
      let organ = try json.fields("scores").fields("Dice").fields("groups").fields("group").fields("rare").fields(
        "organ")
      #expect(try organ.int("n") == 20)
      let p10 = try organ.fields("p10")
      #expect(try p10.double("lower") <= p10.double("value") && p10.double("value") <= p10.double("upper"))
      let isSame = RobustFile.json(RobustSummary([table()])).text == RobustFile.json(summary).text
      #expect(isSame)

      let rows = try CSV.rows(contentsOf: folder.appendingPathComponent("robust.csv")).map(\.cells)
      #expect(rows[0].joined(separator: ",") == "score,label,column,group,n,left_out,statistic,value,lower,upper,case")
      #expect(rows.allSatisfy { $0.count == 11 })
      // Three rows of labels, each with eleven statistics for all cases and for both groups; two have a worst group.
      #expect(rows.count == 1 + 3 * 3 * 11 + 2 * 2)
      #expect(rows.contains { $0[1] == "organ" && $0[3] == "rare" && $0[6] == "worst" && $0[10].hasPrefix("case_") })
    }
  }

  @Test func tablesFitTheTerminal() {
    let long = ScoreTable(
      score: "Dice", isHigherBetter: true, labels: ["a label with a very long name indeed", "b"],
      cases: ["a_case_with_a_name_that_is_far_too_long_to_fit": [0.25, 0.5], "short": [0.75, .nan]],
      groupings: [
        .init(column: "group", groups: ["short": "a group with a long name as well"]),
        .init(column: "scanner", groups: ["short": "one"]),
      ])
    let text = RobustSummary([long]).tables()
    #expect(text.split(separator: "\n").allSatisfy { $0.count <= 100 })
    #expect(text.contains("b: 1 case left out") && text.contains("*"))
    #expect(text.contains("1 case has no scanner and counts only in the figures over all cases."))
  }
}

import Files
import Foundation
import Statistics
import TestSupport
import Testing

@testable import Evaluation

/// Protects comparisons: what is paired, how certain it is, and that a verdict claims no more.
struct ComparisonTests {
  /// Scores of two labels in `count` cases, a third of them rare. The hardness of the cases is the same for every seed.
  private func run(_ count: Int = 60, seed: UInt64, rare: Double = 0, shift: Double = 0) -> ScoreTable {
    var hardness = CounterRandom(seed: 100)
    var random = CounterRandom(seed: seed)
    let names = (0..<count).map { String(format: "case_%03d", $0) }
    let groups = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0 % 3 == 0 ? "rare" : "usual") })
    let cases = names.map { name in
      let base = hardness.uniform(0.6, 0.9) + shift + (groups[name] == "rare" ? rare : 0)
      return (name, (0..<2).map { _ in base + random.uniform(-0.03, 0.03) })
    }
    return ScoreTable(
      score: "Dice", isHigherBetter: true, labels: ["organ", "lesion"],
      cases: Dictionary(uniqueKeysWithValues: cases), groupings: [.init(column: "group", groups: groups)])
  }

  @Test func differencesAreTheStatisticsDifferences() throws {
    let (a, b) = (run(seed: 1), run(seed: 2, rare: 0.1))
    let comparison = try Comparison([ComparisonArm(name: "a", runs: [a]), ComparisonArm(name: "b", runs: [b])])
    let difference = comparison.differences[0]
    let organ = difference.labels[1]
    for statistic in ScoreDifferences.statistics {
      let figure = try #require(organ.all[statistic])
      #expect(figure.baseline == statistic.value(worstFirst: a.values[0].sorted()))
      #expect(figure.arm == statistic.value(worstFirst: b.values[0].sorted()))
      #expect(abs(figure.difference.value - (figure.arm - figure.baseline)) < 1e-12)
    }
    #expect(organ.test == SignedRankTest(zip(a.values[0], b.values[0]).map { $1 - $0 }))
    let pValues = difference.labels.dropFirst().map(\.test.pValue)
    #expect(difference.labels.dropFirst().map(\.correctedPValue) == Holm.corrected(pValues))
    #expect(organ.groups.map(\.name) == ["rare", "usual"] && organ.groups.map(\.differences.count) == [20, 40])
    #expect(organ.groups[0].differences[.mean]?.outcome(isHigherBetter: true) == .better)
    #expect(organ.groups[1].differences[.mean]?.outcome(isHigherBetter: true) == .open)
    #expect(difference.cases.count == 60 && difference.cases[0].difference >= difference.cases[59].difference)
    #expect(difference.cases.prefix(15).allSatisfy { $0.group == "rare" })
  }

  /// Pairing removes what is common to the arms: the interval is much narrower than that of either mean.
  @Test func casesArePaired() throws {
    let arms = [ComparisonArm(name: "a", runs: [run(seed: 1)]), ComparisonArm(name: "b", runs: [run(seed: 2)])]
    let paired = try #require(try Comparison(arms).differences[0].labels[1].all[.mean]?.difference.interval)
    let single = try #require(RobustSummary([arms[0].runs[0]]).scores[0].rows[1].all[.mean].interval)
    #expect(paired.upper - paired.lower < 0.4 * (single.upper - single.lower))
  }

  /// With trainings that differ by more than the arms do, one training each claims a difference and several do not.
  @Test func trainingsAreDrawnToo() throws {
    let shifts = [0.05, -0.05, 0.0, 0.02]
    let first = shifts.enumerated().map { run(seed: UInt64($0 + 1), shift: $1) }
    let second = shifts.reversed().enumerated().map { run(seed: UInt64($0 + 11), shift: $1 + 0.01) }
    func mean(_ a: [ScoreTable], _ b: [ScoreTable]) throws -> PairedDifference? {
      try Comparison([ComparisonArm(name: "a", runs: a), ComparisonArm(name: "b", runs: b)])
        .differences[0].labels[0].all[.mean]
    }
    let several = try #require(try mean(first, second))
    #expect(several.outcome(isHigherBetter: true) == .open && abs(several.difference.value - 0.01) < 0.01)
    #expect(try mean([first[1]], [second[0]])?.outcome(isHigherBetter: true) == .better)
  }

  /// Networks that are equally good: a claim about a tail is as rare as its interval says. BCa intervals, for which the
  /// tails of 60 cases are too ragged, make many times as many.
  @Test func equalArmsAreNotToldApart() {
    let count = 60
    var claims: [Bootstrap.Method: Int] = [:]
    for trial in 0..<200 {
      var random = CounterRandom(seed: UInt64(trial + 1))
      var arms: [[Double]] = [[], []]
      for _ in 0..<count {
        let base = random.chance(0.1) ? random.uniform(0, 0.8) : random.uniform(0.8, 0.95)
        for arm in 0..<2 { arms[arm].append(base + 0.03 * random.preciseNormals().0) }
      }
      for method in [Bootstrap.Method.percentile, .biasCorrected] {
        let differences = ScoreDifferences(
          baseline: [arms[0]], arm: [arms[1]], isHigherBetter: true,
          bootstrap: Bootstrap(resamples: 300, method: method, seed: UInt64(trial)))
        if differences[.percentile5]?.outcome(isHigherBetter: true) != .open { claims[method, default: 0] += 1 }
      }
    }
    #expect(claims[.percentile, default: 0] <= 12 && claims[.biasCorrected, default: 0] >= 24, "\(claims) of 200")
  }

  /// Three trainings each of two equally good methods, in which luck weighs more than the choice of patients. Without
  /// widening, one comparison in eight would claim a difference.
  @Test func luckyTrainingsAreNotToldApart() {
    var claims = 0
    for trial in 0..<300 {
      var random = CounterRandom(seed: UInt64(1000 + trial))
      let cases = (0..<30).map { _ in random.uniform(0.7, 0.9) }
      let arms = (0..<2).map { _ in
        (0..<3).map { _ in
          let luck = 0.02 * random.preciseNormals().0
          return cases.map { $0 + luck + 0.05 * random.preciseNormals().0 }
        }
      }
      let differences = ScoreDifferences(
        baseline: arms[0], arm: arms[1], isHigherBetter: true,
        bootstrap: Bootstrap(resamples: 300, method: .percentile, seed: UInt64(trial)))
      if differences[.mean]?.outcome(isHigherBetter: true) != .open { claims += 1 }
    }
    #expect(claims <= 25, "\(claims) of 300")
  }

  @Test func verdictsClaimOnlyWhatIntervalsShow() throws {
    func verdict(_ a: ScoreTable, _ b: ScoreTable) throws -> String {
      try Comparison([ComparisonArm(name: "a", runs: [a]), ComparisonArm(name: "b", runs: [b])]).verdicts[0]
    }
    #expect(
      try verdict(run(seed: 1), run(seed: 2, shift: 0.2))
        == "b is better than a in the mean, percentile 25, percentile 10, percentile 5 and the worst group; "
        + "60 cases are too few for the worst 10 %."
    )
    #expect(try verdict(run(seed: 1), run(seed: 2, shift: -0.2)).hasPrefix("b is worse than a in the mean"))
    #expect(
      try verdict(run(seed: 1), run(seed: 1))
        == "No difference is shown between b and a in the mean, percentile 25, percentile 10, percentile 5 and the "
        + "worst group; 60 cases are too few for the worst 10 %.")
    // Of 24 cases, eight are rare: too few to say that the rare group is better off.
    let few = try verdict(run(24, seed: 1, rare: -0.1), run(24, seed: 2, rare: -0.1, shift: 0.2))
    #expect(few.hasSuffix("; 24 cases are too few for the worst 10 % and the worst group."), "\(few)")
    #expect(
      try verdict(run(120, seed: 1), run(120, seed: 2, shift: 0.2)).hasSuffix("the worst 10 % and the worst group."))
    #expect(
      try verdict(run(9, seed: 1), run(9, seed: 2, shift: 0.2)) == "9 cases are too few for a verdict on b and a.")
    #expect(try verdict(run(seed: 1), run(seed: 2, rare: 0.08)).contains("; no difference is shown in "))
  }

  /// Where one training has no score, no arm is given one, and the case is counted.
  @Test func onlyCommonScoresAreCompared() throws {
    let a = run(seed: 1)
    var b = run(seed: 2)
    b.values[1][4] = .nan
    let comparison = try Comparison([ComparisonArm(name: "a", runs: [a]), ComparisonArm(name: "b", runs: [b])])
    #expect(comparison.leftOut.map(\.count) == [0, 1])
    #expect(comparison.differences[0].labels.map(\.all.count) == [60, 60, 59])
    let first = try #require(comparison.differences[0].cases.first { $0.name == a.caseNames[4] })
    #expect(first.baseline == a.values[0][4] && first.arm == b.values[0][4])
    #expect(comparison.text().contains("Not compared, because some training has no score there: lesion in 1 cases."))
  }

  @Test func armsThatCannotBeComparedAreRefused() throws {
    func error(_ arms: [ComparisonArm]) throws -> String {
      try #require(#expect(throws: InputError.self) { try Comparison(arms) }).description
    }
    let a = ComparisonArm(name: "a", runs: [run(seed: 1)])
    #expect(try error([a]).contains("two arms"))
    #expect(try error([a, a]).contains("NAME=PATH"))
    #expect(
      try error([a, ComparisonArm(name: "b", runs: [run(58, seed: 1)])]).contains("b: found no score for 2 cases"))
    #expect(
      try error([a, ComparisonArm(name: "b", runs: [run(61, seed: 1)])]).contains("a: found no score for 1 cases"))
  }

  @Test func jsonHoldsEveryCaseAndFigure() throws {
    let arms = [1, 2, 3].map { ComparisonArm(name: "arm \($0)", runs: [run(seed: UInt64($0))]) }
    let json = try JSONFields(try Comparison(arms).json(), file: "compare")
    guard case .array(let comparisons)? = json.object["comparisons"] else { throw CocoaError(.coderInvalidValue) }
    #expect(comparisons.count == 2)
    let second = try JSONFields(comparisons[1], file: "compare")
    #expect(try second.string("baseline") == "arm 1" && second.string("arm") == "arm 3")
    let p10 = try second.fields("labels").fields("lesion").fields("groups").fields("rare").fields("p10")
    #expect(try p10.fields("difference").double("lower") <= p10.fields("difference").double("upper"))
    guard case .array(let cases)? = second.object["cases"] else { throw CocoaError(.coderInvalidValue) }
    #expect(cases.count == 60)
  }

  @Test func armsAreFoundByPath() throws {
    try withTemporaryFolder { folder in
      for (path, score) in [("u/s-1/cases.csv", 0.5), ("u/s-2/validation/cases.csv", 0.7), ("h/s-1/cases.csv", 0.6)] {
        try folder.put("case,Dice\na,\(score)\n", at: path)
      }
      func read(_ arms: String...) throws -> [ComparisonArm] {
        try ArmSource.find(arms).map { try ComparisonArm($0, columns: ScoreColumns()) }
      }
      let arms = try read("\(folder.path)/u/s-*", "best=\(folder.path)/h/s-1,\(folder.path)/u/s-2/validation/cases.csv")
      #expect(arms.map(\.name) == ["u", "best"] && arms[0].runs.map { $0.values[0][0] } == [0.5, 0.7])
      #expect(arms[1].runs.map { $0.values[0][0] } == [0.6, 0.7])
      #expect(try read("\(folder.path)/u/s-1", "\(folder.path)/h/s-1/cases.csv").map(\.name) == ["u", "h"])
      for path in ["\(folder.path)/u/none", "\(folder.path)/u", "\(folder.path)/z*", "name="] {
        #expect(throws: InputError.self) { try read(path, "\(folder.path)/h/s-1") }
      }
    }
  }

  @Test func namesAreAsShortAsTellsPathsApart() throws {
    func names(_ paths: String...) -> [String] { PathNames.distinct(paths.map { URL(fileURLWithPath: $0) }) }
    #expect(names("/r/uniform/predictions", "/r/hardness/predictions") == ["uniform", "hardness"])
    #expect(names("/r/one") == ["one"])
    #expect(names("/r/a/x", "/r/a/y/") == ["x", "y"])
    #expect(names("/r/a/x", "/r/b/x", "/s/c/x") == ["a", "b", "c"])
    #expect(names("/r/a/x", "/r/b/x", "/s/c/y") == ["a", "b", "c"])
    // The same folder twice cannot be compared.
    let arms = names("/r/a", "/r/b/../a").map { ComparisonArm(name: "/r/a", runs: [run(seed: $0.count == 4 ? 1 : 2)]) }
    #expect(throws: InputError.self) { try Comparison(arms) }
  }

  @Test func gainedAndLost() throws {
    let comparison = try Comparison([
      ComparisonArm(name: "a", runs: [run(seed: 1)]), ComparisonArm(name: "b", runs: [run(seed: 2)]),
    ])
    let difference = comparison.differences[0]
    #expect(difference.gained.count + difference.lost.count == 60)
    #expect(difference.gained.allSatisfy { $0.difference > 0 } && difference.lost.allSatisfy { $0.difference < 0 })
    #expect(difference.gained.first?.name == difference.cases[0].name)
    #expect(difference.lost.first?.name == difference.cases[59].name)
  }

  @Test func rowsHoldEveryDifference() throws {
    let arms = [1, 2].map { ComparisonArm(name: "arm \($0)", runs: [run(seed: UInt64($0))]) }
    let comparison = try Comparison(arms)
    let rows = ComparisonFile.rows(comparison.differences[0], comparison)
    // Three rows of labels, each with six statistics for all cases and for both groups, a worst group, and p twice.
    #expect(rows.count == 63)
    #expect(rows.allSatisfy { $0.count == RobustFile.columns.count })
    let mean = try #require(comparison.differences[0].labels[1].groups[0].differences[.mean]?.difference)
    let interval = try #require(mean.interval)
    let row = try #require(rows.first { $0[1] == "organ" && $0[3] == "rare" && $0[6] == "mean" })
    let found = row[7..<10].map { Double($0) ?? .nan }
    #expect(found == [mean.value, interval.lower, interval.upper])
    #expect(row[0] == "Dice" && row[2] == "group")
  }
}

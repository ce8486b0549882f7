import Datasets
import Files
import Foundation
import TestSupport
import Testing

@testable import Evaluation

/// Protects the reading of scores from tables, ours and other programs'.
struct ScoreTableTests {
  private func read(
    _ text: String, _ columns: ScoreColumns = ScoreColumns(), only: (String, String)? = nil, groups: CaseTable? = nil
  ) throws -> ScoreTable {
    try withTemporaryFolder { folder in
      try folder.put(text, at: "scores.csv")
      return try ScoreTable(
        contentsOf: folder.appendingPathComponent("scores.csv"), columns: columns, only: only, groups: groups)
    }
  }

  private let cases = """
    case,group,label,name,Dice,HD95,n_pred,n_ref,diagonal
    b,rare,1,organ,0.5,3.0,9,9,50.0
    a,usual,1,organ,0.0,NaN,0,9,60.0
    a,usual,2,lesion,NaN,NaN,0,0,60.0
    b,rare,2,lesion,0.0,NaN,3,0,50.0
    """

  @Test func ownTables() throws {
    let dice = try read(cases)
    #expect(dice.caseNames == ["a", "b"] && dice.labels == ["organ", "lesion"] && dice.isHigherBetter)
    #expect(dice.values[0] == [0, 0.5] && dice.values[1][0].isNaN && dice.values[1][1] == 0)
    #expect(dice.groupings == [.init(column: "group", groups: ["a": "usual", "b": "rare"])])
    var columns = ScoreColumns()
    columns.score = "HD95"
    let distance = try read(cases, columns)
    // Missed and made-up labels are as far off as the image is large.
    #expect(!distance.isHigherBetter && distance.values[0] == [60, 3] && distance.values[1][1] == 50)
    #expect(distance.values[1][0].isNaN)
  }

  /// All that `cases.csv` says of the groups is read, as far as a report is broken down by it.
  @Test func ownTablesMayHaveSeveralGroupings() throws {
    let text = """
      case,scanner,age,group,label,name,Dice
      a,old,31.5,rare,1,organ,0.5
      b,old,30.5,usual,1,organ,0.6
      c,new,29.5,,1,organ,0.7
      """
    let table = try read(text)
    #expect(
      table.groupings == [
        .init(column: "group", groups: ["a": "rare", "b": "usual"]),
        .init(column: "scanner", groups: ["a": "old", "b": "old", "c": "new"]),
      ])
    var columns = ScoreColumns()
    columns.group = "age"
    #expect(
      try read(text, columns).groupings == [.init(column: "age", groups: ["a": "31.5", "b": "30.5", "c": "29.5"])])
  }

  @Test func otherTables() throws {
    var columns = ScoreColumns()
    (columns.caseName, columns.group, columns.label, columns.score) = ("id", "site", "roi", "error")
    columns.isHigherBetter = false
    let text = "id,site,roi,method,error\nx,A,r,m,1\nx,A,r,n,2\ny,,r,m,\n"
    let table = try read(text, columns, only: ("method", "m"))
    #expect(table.score == "error" && !table.isHigherBetter && table.caseNames == ["x", "y"])
    #expect(table.values[0][0] == 1 && table.values[0][1].isNaN && table.groupings[0].groups == ["x": "A"])
    let single = try read("case,Dice\na,0.5\n")
    #expect(single.labels == ["Dice"] && single.groupings.isEmpty && single.rows.count == 1)
    let groups = try CaseTable("case,group,age\na,young,3\nz,old,4\n", file: "groups.csv")
    #expect(try read("case,Dice\na,0.5\n", groups: groups).groupings[0].groups == ["a": "young"])
  }

  @Test(arguments: [
    ("case,score\na,1\n", "Dice"), ("case,Dice\na,good\n", "line 2"), ("case,Dice\na,inf\n", "diagonal"),
    ("case,Dice\na,1\na,1\n", "line 3"), ("case,Dice\n", "no row"), ("case,Dice\na\n", "line 2"),
    ("case,group,label,Dice\na,x,1,1\na,y,2,1\n", "groups x and y"), ("", "no column case"),
  ])
  func badTables(text: String, word: String) throws {
    let error = try #require(#expect(throws: InputError.self) { try read(text) })
    #expect(error.description.contains(word), "\(error)")
  }

  @Test func missedLabelsNeedADiagonal() throws {
    var columns = ScoreColumns()
    columns.score = "HD95"
    let error = try #require(
      #expect(throws: InputError.self) { try read("case,HD95,n_pred,n_ref\na,NaN,0,3\n", columns) })
    #expect(error.description.contains("diagonal"))
    #expect(throws: InputError.self) {
      try read("case,Dice\na,1\n", groups: CaseTable("case,group\nz,x\n", file: "groups.csv"))
    }
    #expect(throws: InputError.self) { try read("case,Dice\na,1\n", only: ("method", "m")) }
  }
}

/// Protects the whole way of a published table: the Dice of 349 fetal brains (Fidon et al. 2022).
@Suite(.enabled(if: RealData.isPresent, Comment(rawValue: RealData.absence)))
struct GoldenScoreTableTests {
  @Test func cerebellumInSpinaBifida() throws {
    var columns = ScoreColumns()
    (columns.caseName, columns.group, columns.label, columns.score) = ("Study", "Condition", "ROI", "dice")
    let file = RealData.folder.appendingPathComponent("fetal_349_metrics.csv")
    let arms = try ArmSource.find(["cnn", "trustworthy"], in: file, column: "Methods").map {
      try ComparisonArm($0, columns: columns)
    }
    let row = try #require(RobustSummary([arms[0].runs[0]]).scores[0].rows.first { $0.label == "cerebellum" })
    let statistics = try #require(row.groups[0].first { $0.name == "Spina Bifida" }).statistics
    #expect(statistics.count == 157)
    let shown: [RobustStatistic] = [.mean, .median, .percentile25, .percentile10, .percentile5]
    let found = shown.map { statistics[$0].value } + [statistics.worst]
    for (value, expected) in zip(found, [80.7, 89.4, 81.4, 63.2, 0.9, 0.0]) { #expect(abs(value - expected) <= 0.05) }

    let comparison = try Comparison(arms)
    #expect(comparison.caseNames.count == 349 && comparison.differences[0].labels.count == 9)
    #expect(comparison.verdicts[0].hasPrefix("trustworthy is better than cnn in the mean"))
    #expect(comparison.text().split(separator: "\n").allSatisfy { $0.count <= 100 })
  }
}

import Datasets
import Evaluation
import Files
import Foundation
import NIfTI
import Statistics
import TestSupport
import Testing

@testable import Reports

/// Protects the page: what is in the files is in the page, and files that do not go together are refused.
@Suite struct ReportTests {
  @Test func scoresAreThoseOfTheFile() throws {
    try withTemporaryFolder { folder in
      let report = try Report(SampleStudy.sources(SampleStudy(folder: folder).evaluation("a")))
      #expect(report.scores.map(\.name) == ["Dice", "HD95"])
      let (dice, distance) = (report.scores[0], report.scores[1])
      #expect(dice.targets.map(\.name) == ["mean of the labels"] + SampleStudy.labels)
      #expect(dice.caseNames.count == 20 && dice.caseNames[3] == "case_0003")
      #expect(dice.groupings.map(\.column) == ["group"])
      #expect(dice.groupings[0].groups["case_0010"] == "rare")
      #expect(abs(dice.scores(dice.targets[1], of: 0)[1] - (0.9 - 0.037)) < 1e-12)
      // A label that was missed counts with the diagonal; one that is nowhere has no score.
      #expect(dice.scores(dice.targets[2], of: 0)[5] == 0 && distance.scores(distance.targets[2], of: 0)[5] == 40.5)
      #expect(dice.scores(dice.targets[2], of: 0)[7].isNaN && distance.scores(distance.targets[2], of: 0)[7].isNaN)
      // The mean leaves out labels without a value.
      let distances = [1, 3].map { distance.scores(distance.targets[$0], of: 0)[7] }
      #expect(distance.scores(distance.targets[0], of: 0)[7] == (distances[0] + distances[1]) / 2)
    }
  }

  /// Numbers of epochs and draws that are none are refused.
  @Test(arguments: ["nan", "1e400", "-1", "0.5", "99999999999999999999", ""])
  func unusableCountsAreRefused(cell: String) throws {
    try withTemporaryFolder { folder in
      try folder.put("epoch,train_loss\n0,1\n", at: "log.csv")
      for row in ["\(cell),a,,1,1,1", "0,a,,1,1,\(cell)"] {
        try folder.put("epoch,case,group,loss,probability,draws\n\(row)\n", at: "sampler.csv")
        let error = #expect(throws: InputError.self) { try TrainingRun(folder: folder) }
        #expect(error?.description.contains("line 2") == true)
      }
    }
  }

  /// The file that an evaluation writes is read back value by value.
  @Test func whatEvaluationWritesIsRead() throws {
    try withTemporaryFolder { folder in
      let study = SampleStudy(folder: folder)
      let predictions = folder.appendingPathComponent("predictions")
      try study.volumes(of: ["x", "y"], predictions: predictions, shift: 1)
      let json = """
        {"channel_names": {"0": "T2"}, "labels": {"background": 0, "left": 1, "right": 2, "none": 3}, "numTraining": 2,
         "file_ending": ".nii.gz"}
        """
      let summary = try Evaluator.evaluate(
        reference: folder.appendingPathComponent("labelsTr"), prediction: predictions,
        description: DatasetDescription(JSON.parse(Data(json.utf8), file: "dataset.json"), file: "dataset.json"),
        groups: CaseTable("case,group,center\nx,common,1\ny,,2\n", file: "groups.csv"))
      try summary.write(to: predictions)
      let report = try Report(SampleStudy.sources(predictions))
      #expect(report.scores[0].caseNames == ["x", "y"])
      #expect(report.scores[0].groupings.map(\.column) == ["group"])
      #expect(report.scores[0].groupings[0].groups["y"] == nil)
      for (score, metric) in zip(report.scores, [Metric.dice, .hausdorff95]) {
        #expect(score.targets.dropFirst().map(\.name) == ["left", "right", "none"])
        for (index, item) in summary.cases.enumerated() {
          #expect(score.scores(score.targets[1], of: 0)[index] == item.metrics[0][metric])
          #expect(score.scores(score.targets[3], of: 0)[index].isNaN)
          #expect(score.scores(score.targets[0], of: 0)[index] == item.mean(metric))
        }
      }
      // The statistics are those that the evaluation has written of the same scores.
      let robust = RobustSummary(summary, metrics: [.dice, .hausdorff95])
      let isSame = report.summaries[0].json().text == robust.json().text
      #expect(isSame)
    }
  }

  @Test func tablesHaveARowForEachLabelGroupAndMethod() throws {
    try withTemporaryFolder { folder in
      let study = SampleStudy(folder: folder)
      let report = try Report(SampleStudy.sources(study.evaluation("a"), study.evaluation("b", gain: 0.2)))
      let score = report.scores[0]
      let table = SummaryTables(score: score, targets: score.targets).main
      #expect(table.columns.map(\.name).prefix(4) == ["label", "cases", "method", "n"])
      #expect(table.rows.count == 4 * 3 * 2)
      #expect(table.rows.allSatisfy { $0.cells.count == table.columns.count })
      let cells = table.rows[4].cells
      #expect(cells.prefix(4).map(\.text) == ["mean of the labels", "rare", "a", "4*"] && table.rows[4].saysLittle)
      // Case 5 missed a label.
      #expect(cells.last?.small == "case_0005")
      let distances = SummaryTables(score: report.scores[1], targets: [score.targets[2]])
      #expect(distances.main.caption == "HD95 (mm), csf")
      #expect(distances.main.rows[0].cells.prefix(3).map(\.text) == ["all", "a", "19 of 20"])
      #expect(distances.main.rows[0].cells.last?.text == "40.50" && !distances.main.rows[0].saysLittle)
      #expect(distances.main.columns.map(\.name).suffix(5) == ["p75", "p90", "p95", "worst 10 %", "worst"])
      #expect(SummaryTables(score: score, targets: [score.targets[1]]).more.columns.map(\.name).last == "below 0.5")
    }
  }

  /// Every figure of the tables is one of the robust summary, with its interval.
  @Test func figuresAndIntervalsAreThoseOfTheSummary() throws {
    try withTemporaryFolder { folder in
      let source = try SampleStudy.sources(SampleStudy(folder: folder).evaluation("a"))
      let report = try Report(source)
      var table = try ComparisonArm(source[0], columns: ScoreColumns()).runs[0]
      table.failureThreshold = 0.5
      let row = RobustSummary([table]).scores[0].rows[2]
      let tables = SummaryTables(score: report.scores[0], targets: [report.scores[0].targets[2]])
      func text(_ value: Double) -> String { String(format: "%.3f", value) }
      for (table, statistics) in [
        (tables.main, [RobustStatistic.mean, .median, .percentile25, .percentile10, .percentile5, .worstTenth]),
        (tables.more, [.standardDeviation, .interquartileRange, .percentile1, .worstQuarter]),
      ] {
        for (cells, found) in zip(table.rows.map(\.cells), [row.all] + row.groups[0].map(\.statistics)) {
          for (cell, statistic) in zip(cells[2...], statistics) {
            let estimate = found[statistic]
            #expect(cell.text == text(estimate.value), "\(statistic)")
            #expect(cell.small == estimate.interval.map { "\(text($0.lower)) to \(text($0.upper))" }, "\(statistic)")
          }
        }
      }
      let failures = try #require(row.all.failures)
      #expect(tables.more.rows[0].cells.last?.text == String(format: "%.1f %%", 100 * failures.value))
      let (gap, cells) = (try #require(row.gaps[0]), try #require(tables.worstGroups?.rows.first?.cells))
      #expect(cells.map(\.text) == ["rare", text(gap.worstMean.value), "common", text(gap.gap.value)])
      #expect(cells[3].small == gap.gap.interval.map { "\(text($0.lower)) to \(text($0.upper))" })
      #expect(try report.html().contains("<small>\(try #require(tables.main.rows[0].cells[2].small))</small>"))
    }
  }

  /// The page says of two methods what `hwsseg compare` says.
  @Test func theVerdictIsThatOfTheComparison() throws {
    try withTemporaryFolder { folder in
      let study = SampleStudy(folder: folder)
      let sources = try SampleStudy.sources(
        study.evaluation("a", cases: 100), study.evaluation("b", cases: 100, gain: 0.2))
      let report = try Report(sources)
      let html = try report.html()
      for (score, name) in zip(["Dice", "HD95"], ["Dice", "HD95 (mm)"]) {
        var columns = ScoreColumns()
        columns.score = score
        let comparison = try Comparison(sources.map { try ComparisonArm($0, columns: columns) })
        #expect(comparison.verdicts[0].hasPrefix("b is better than a"))
        #expect(html.contains("<p class=\"verdict\">\(score): \(comparison.verdicts[0])</p>"))
        let tables = ComparisonTables(comparison: comparison, difference: comparison.differences[0], title: name)
        let worst = try #require(comparison.differences[0].labels[0].worstGroup)
        let cells = try #require(tables.statistics.rows.last).cells
        #expect(
          cells[0].text == "worst group (rare)"
            && cells[3].text
              == String(
                format: score == "Dice" ? "%+.3f" : "%+.2f", worst.difference.value)
        )
        #expect(html.contains("<td>worst group (rare)</td>"))
        let gained = try #require(comparison.differences[0].gained.first)
        #expect(tables.cases[0].rows[0].cells[0].text == gained.name && html.contains("<td>\(gained.name)</td>"))
        #expect(tables.labels.rows.count == 4 * 3)
      }
      #expect(html.contains("One training each"))
      #expect(html.ranges(of: "<h2>").first.map { html[$0.upperBound...].hasPrefix("Comparison") } == true)
    }
  }

  /// Several trainings of a method: charts show each case's mean, tables the mean of each statistic.
  @Test func severalTrainingsOfAMethod() throws {
    try withTemporaryFolder { folder in
      let study = SampleStudy(folder: folder)
      let seeds = try ["s1", "s2"].enumerated().map { try study.evaluation($1, gain: 0.1 * Double($0)) }
      let other = try study.evaluation("other")
      let arms = ["both=\(seeds[0].path),\(seeds[1].path)", "other=\(other.path)"]
      let report = try Report(ArmSource.find(arms))
      let score = report.scores[0]
      let single = try seeds.map { try Report(SampleStudy.sources($0)).scores[0] }
      for index in score.caseNames.indices where index != 7 {
        let found = single.map { $0.scores($0.targets[2], of: 0)[index] }
        #expect(abs(score.scores(score.targets[2], of: 0)[index] - (found[0] + found[1]) / 2) < 1e-12)
      }
      let p10 = single.map { $0.summaries[0].rows[0].all[.percentile10].value }
      #expect(abs(score.summaries[0].rows[0].all[.percentile10].value - (p10[0] + p10[1]) / 2) < 1e-12)
      let compared = try #require(score.comparison?.differences[0].labels[0].all[.percentile10])
      #expect(abs(compared.baseline - score.summaries[0].rows[0].all[.percentile10].value) < 1e-12)
      let html = try report.html()
      #expect(html.contains("Trainings: 2 of both.") && html.contains("Report: both, other"))
    }
  }

  /// The table of another program, with its own names of columns and scores in percent.
  @Test func tablesOfOtherProgramsAreReported() throws {
    try withTemporaryFolder { folder in
      var text = "Study,Condition,Methods,ROI,overlap\n"
      for index in 0..<30 {
        for (method, shift) in [("ours", 5.0), ("theirs", 0)] {
          for roi in ["cortex", "pons"] {
            text += "\(index),\(index % 3 == 0 ? "ill" : "well"),\(method),\(roi),\(60 + Double(index) + shift)\n"
          }
        }
      }
      try folder.put(text, at: "metrics.csv")
      var columns = ScoreColumns()
      (columns.caseName, columns.group, columns.label, columns.score) = ("Study", "Condition", "ROI", "overlap")
      let sources = ArmSource.find(
        ["theirs", "ours"], in: folder.appendingPathComponent("metrics.csv"), column: "Methods")
      let report = try Report(sources, columns: columns)
      #expect(report.scores.map(\.name) == ["overlap"] && report.scores[0].targets.count == 3)
      let html = try report.html()
      #expect(html.contains("30 cases: 10 ill, 20 well. 2 labels, 2 methods."))
      #expect(
        html.contains("<h2>overlap by percentile</h2>") && html.contains("ours is better than theirs in the mean"))
      // Two decimals and an axis in percent, without failures and distances that nobody gave.
      #expect(html.contains(">74.50<") && html.contains(">100</text>"))
      #expect(!html.contains("below 0.5") && !html.contains("HD95"))
      columns.isHigherBetter = false
      let reversed = try Report(sources, columns: columns).html()
      #expect(reversed.contains("ours is worse than theirs in the mean") && reversed.contains(">p90<"))
      #expect(reversed.contains("The right end of a line is its worst case."))
    }
  }

  /// What the page shows is beside it, as JSON and CSV, and the scores can be reported again.
  @Test func filesBesideThePage() throws {
    try withTemporaryFolder { folder in
      let study = SampleStudy(folder: folder)
      let sources = try SampleStudy.sources(study.evaluation("a"), study.evaluation("b", gain: 0.2))
      let report = try Report(sources, trainings: [TrainingRun(folder: study.training())])
      let page = folder.appendingPathComponent("out/study.html")
      #expect(
        try report.write(to: page).map(\.lastPathComponent) == ["study.json", "study.csv", "study_cases.csv"])
      #expect(try String(contentsOf: page, encoding: .utf8).contains("study.json and study.csv"))

      let json = try JSONFields(
        JSON.read(folder.appendingPathComponent("out/study.json")), file: "study.json")
      let comparison = try #require(report.scores[0].comparison)
      #expect(try json.fields("comparisons").fields("Dice").object == JSONFields(comparison.json(), file: "").object)
      guard case .array(let arms)? = json.object["arms"] else { throw CocoaError(.coderInvalidValue) }
      let robust = try JSONFields(arms[1], file: "study.json").fields("robust").object
      #expect(robust == (try JSONFields(report.summaries[1].json(), file: "").object))
      let scores = try json.fields("scores").fields("HD95").fields("b")
      guard case .array(let values)? = scores.object["csf"] else { throw CocoaError(.coderInvalidValue) }
      #expect(values.count == 20 && values[5] == .number(40.5))
      guard case .array(let runs)? = json.object["trainings"] else { throw CocoaError(.coderInvalidValue) }
      #expect(runs.count == 1)

      let rows = try CSV.rows(contentsOf: folder.appendingPathComponent("out/study.csv")).map(\.cells)
      #expect(rows[0].prefix(3) == ["arm", "score", "label"] && rows.allSatisfy { $0.count == 12 })
      #expect(Set(rows.dropFirst().map { $0[0] }) == ["a", "b", "b - a"])

      var columns = ScoreColumns()
      let again = ArmSource.find(["a", "b"], in: folder.appendingPathComponent("out/study_cases.csv"), column: "arm")
      for score in report.scores {
        columns.score = score.name
        let comparison = try Comparison(again.map { try ComparisonArm($0, columns: columns) })
        #expect(comparison.json() == score.comparison?.json())
      }
      // A page whose files would replace the scores is refused, and nothing is written.
      let predictions = sources[0].tables[0].deletingLastPathComponent()
      for name in ["cases.html", "page.json"] {
        #expect(throws: InputError.self) { try report.write(to: predictions.appendingPathComponent(name)) }
      }
      #expect(try FileManager.default.contentsOfDirectory(atPath: predictions.path) == ["cases.csv"])
    }
  }

  @Test func thePageShowsEverything() throws {
    try withTemporaryFolder { folder in
      let study = SampleStudy(folder: folder)
      let folders = [try study.evaluation("a"), try study.evaluation("b", gain: 0.2)]
      let rare = ["case_0000", "case_0005", "case_0010", "case_0015"]
      for (index, predictions) in folders.enumerated() {
        try study.volumes(of: (0..<20).map(SampleStudy.name), predictions: predictions, shift: 2 - index)
      }
      let report = try Report(
        SampleStudy.sources(folders[0], folders[1]), trainings: [TrainingRun(folder: study.training())],
        slices: SliceFolders(
          images: folder.appendingPathComponent("imagesTr"), reference: folder.appendingPathComponent("labelsTr")))
      let html = try report.html()
      #expect(html == (try report.html()))
      for heading in [
        "Comparison", "Summary", "Dice by percentile", "Case by case", "The worst cases", "Training fold_0",
      ] {
        #expect(html.contains("<h2>\(heading)</h2>"), "\(heading)")
      }
      // Curves: 4 targets × (all, common, rare). Pairs: 4 targets. Strips: 2 evaluations. Training: 2 + 3.
      #expect(html.ranges(of: "class=\"hwsseg-chart\"").count == 12 + 4 + 2 + 5)
      #expect(!html.contains("no data"))
      #expect(html.ranges(of: "data:image/png;base64,iVBORw0KGgo").count == 10 * 2 * 3)
      // The rare cases are the worst, the one that missed a label first.
      let shown = html.matches(of: /<h3>(case_\d+), (\w+)<\/h3>/).map { String($0.1) }
      #expect(shown.count == 10 && shown[0] == "case_0005" && Set(shown.prefix(4)) == Set(rare))
      // Nothing is loaded from elsewhere.
      #expect(!html.contains(/(src|href)="(?!#|data:)/))
      #expect(!html.contains("{{"))
    }
  }

  @Test func oneEvaluationWithoutGroups() throws {
    try withTemporaryFolder { folder in
      let text = "case,label,name,Dice,HD95\na,1,liver,0.5,NaN\n<b>,1,liver,0.7,3\n"
      try folder.put(text, at: "p/cases.csv")
      let html = try Report(SampleStudy.sources(folder.appendingPathComponent("p"))).html()
      #expect(html.contains("2 cases. 1 label, 1 method."))
      #expect(
        !html.contains("Comparison") && !html.contains("Case by case") && !html.contains("The worst cases")
          && !html.contains("<b>"))
      #expect(html.ranges(of: "class=\"hwsseg-chart\"").count == 2)
    }
  }

  @Test func filesThatDoNotGoTogetherAreRefused() throws {
    try withTemporaryFolder { folder in
      let study = SampleStudy(folder: folder)
      let a = try study.evaluation("a")
      let other = try study.evaluation("b", labels: ["liver"])
      let labels = #expect(throws: InputError.self) { try Report(SampleStudy.sources(a, other)) }
      #expect(labels?.subject == "b" && labels?.found.contains("3 labels") == true)
      let cases = try study.evaluation("c", cases: 19)
      let missing = #expect(throws: InputError.self) { try Report(SampleStudy.sources(a, cases)) }
      #expect(missing?.found.contains("case_0019") == true)
      #expect(throws: InputError.self) { try Report(SampleStudy.sources(a, a)) }
      // The trainings of a method are of the same cases too.
      #expect(throws: InputError.self) { try Report(ArmSource.find(["one=\(a.path),\(cases.path)"])) }
      for (text, part) in [
        ("", "no column case"), ("case,label,name,Dice,HD95\n", "no row"), ("case,label,name,HD95\na,1,x,1\n", "Dice"),
        ("case,label,name,Dice,HD95\na,1,x,one,1\n", "line 2"), ("case,label,name,Dice,HD95\na,1,x,1\n", "line 2"),
        ("case,label,name,Dice,HD95\na,1,x,1,1\na,1,x,1,1\n", "case a"),
      ] {
        try folder.put(text, at: "bad/cases.csv")
        let error = #expect(throws: InputError.self) {
          try Report(SampleStudy.sources(folder.appendingPathComponent("bad")))
        }
        #expect(error?.found.contains(part) == true, "\(String(describing: error))")
      }
      let slices = SliceFolders(images: folder, reference: folder)
      let image = #expect(throws: InputError.self) { try Report(SampleStudy.sources(a), slices: slices) }
      #expect(image?.subject.hasSuffix("case_0005_0000.nii.gz") == true)
      #expect(throws: InputError.self) { try TrainingRun(folder: folder) }
    }
  }

  @Test func theSamplerOfATraining() throws {
    try withTemporaryFolder { folder in
      let run = try TrainingRun(folder: SampleStudy(folder: folder).training())
      #expect(run.groups == ["common", "rare"])
      #expect(run.sums(of: "rare") { $0.probability }.map(\.value) == Array(repeating: 0.4, count: 12))
      #expect(run.sums(of: "common") { Double($0.draws) }.map(\.value) == (0..<12).map { Double(5 * ($0 % 2)) })
      #expect(run.points("validation_loss").isEmpty && run.points("train_loss").count == 12)
      let hardest = run.hardest()
      #expect(hardest.map(\.name) == ["case_0005", "case_0004", "case_0003", "case_0002", "case_0001", "case_0000"])
      // Losses 2 and 3 in turn over ten epochs: mean 2.5, variance 0.25 · 10 / 9.
      #expect(hardest[0].hardness == 2.5 && hardest[0].epochs == 10 && hardest[0].draws == 48)
      #expect(abs(hardest[0].standardError - (0.25 / 9).squareRoot()) < 1e-12)
      #expect(hardest[1].epochs == 6)
      // The rare group is drawn in the color that it has in the evaluation.
      let charts = TrainingCharts(run: run, groups: ["another", "rare"]).sampling()
      #expect(charts[0].series.map(\.name) == ["rare", "common"] && charts[0].series.map(\.color) == [1, 2])
      #expect(charts.map { $0.series[0].points.count } == [12, 12, 12])
    }
  }

  /// Where whole validation cases were scored, the robust score is shown beside the mean, in the epochs that have them.
  @Test func theRobustScoreBesideTheMean() throws {
    try withTemporaryFolder { folder in
      let study = SampleStudy(folder: folder)
      let without = TrainingCharts(run: try TrainingRun(folder: study.training()), groups: []).learning()
      #expect(without.map(\.title) == ["Loss", "Pseudo Dice in validation patches"])
      let charts = TrainingCharts(run: try TrainingRun(folder: study.training(scores: true)), groups: []).learning()
      let chart = try #require(charts.last)
      #expect(chart.title == "Dice of whole validation cases" && charts.count == 3)
      #expect(chart.series.map(\.name) == ["mean", "selection score"])
      #expect(chart.series.map { $0.points.map(\.x) } == Array(repeating: [2, 5, 8, 11], count: 2))
      #expect(chart.series.map { $0.points.map(\.y) } == [[0.82, 0.85, 0.88, 0.91], [0.78, 0.75, 0.72, 0.69]])
    }
  }

  /// The sampler's own estimate, where it made one, says which cases are hard and how certain that is.
  @Test func theSamplersEstimates() throws {
    try withTemporaryFolder { folder in
      let study = SampleStudy(folder: folder)
      #expect(try TrainingRun(folder: study.training()).estimates().isEmpty)
      let run = try TrainingRun(folder: study.training(estimates: true))
      let estimates = run.estimates()
      #expect(estimates.map(\.name) == (0..<6).map(SampleStudy.name))
      // Those of the last epoch
      #expect(abs(estimates[0].hardness - 11.6) < 1e-12 && estimates[0].standardError == 0.01)
      #expect(estimates[5].standardError == 0.06 && estimates[5].draws == 48 && estimates[0].score == 0.5)
      let table = HardestTable(run, count: 2).table
      #expect(table.columns.map(\.name).prefix(5) == ["case", "group", "hardness", "standard error", "score"])
      #expect(table.rows.count == 2 && table.rows[0].cells.prefix(3).map(\.text) == ["case_0000", "common", "11.600"])
    }
  }

  /// 2,000 cases with 8 labels under two networks are a page that browsers open at once.
  @Test func largeStudiesStaySmall() throws {
    try withTemporaryFolder { folder in
      let study = SampleStudy(folder: folder)
      let labels = (1...8).map { "label_\($0)" }
      let report = try Report(
        SampleStudy.sources(
          study.evaluation("a", cases: 2000, labels: labels),
          study.evaluation("b", cases: 2000, labels: labels, gain: 0.1)),
        columns: ScoreColumns(), groups: nil, trainings: [], slices: nil,
        bootstrap: Bootstrap(resamples: 20, method: .percentile))
      let bytes = try report.html().utf8.count
      #expect(bytes < 10_000_000, "\(bytes) bytes")
    }
  }
}

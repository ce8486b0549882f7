import Datasets
import Evaluation
import Files
import Foundation
import NIfTI
import TestSupport
import Testing

@testable import Reports

/// Protects the page: what is in the files is in the page, and files that do not go together are refused.
@Suite struct ReportTests {
  @Test func scoresAreThoseOfTheFile() throws {
    try withTemporaryFolder { folder in
      let scores = try CaseScores(folder: SampleStudy(folder: folder).evaluation("a"))
      #expect(scores.labels == SampleStudy.labels)
      #expect(scores.cases.count == 20 && scores.cases[3] == "case_0003")
      #expect(scores.groups.columns == ["group"])
      #expect(scores.groups.value("group", of: "case_0010") == "rare")
      #expect(abs(scores.value(.dice, 0, of: "case_0001") - (0.9 - 0.037)) < 1e-12)
      #expect(scores.value(.dice, 1, of: "case_0005") == 0)
      #expect(scores.value(.hausdorff95, 1, of: "case_0005").isNaN)
      #expect(scores.value(.dice, 0, of: "nobody").isNaN)
      // The mean leaves out labels without a value.
      let distances = [0, 2].map { scores.value(.hausdorff95, $0, of: "case_0005") }
      #expect(scores.value(.hausdorff95, nil, of: "case_0005") == (distances[0] + distances[1]) / 2)
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
      let scores = try CaseScores(folder: predictions)
      #expect(scores.labels == ["left", "right", "none"] && scores.cases == ["x", "y"])
      #expect(scores.groups.columns == ["group", "center"] && scores.groups.value("group", of: "y") == nil)
      for (item, metric) in zip(summary.cases, CaseScores.metrics) {
        #expect(scores.value(metric, 0, of: item.name) == item.metrics[0][metric])
        #expect(scores.value(metric, 2, of: item.name).isNaN)
        #expect(scores.value(metric, nil, of: item.name) == item.mean(metric))
      }
    }
  }

  @Test func namesOfEvaluations() throws {
    func names(_ paths: String...) throws -> [String] { try ArmNames.names(of: paths.map { URL(fileURLWithPath: $0) }) }
    #expect(try names("/r/uniform/predictions", "/r/hardness/predictions") == ["uniform", "hardness"])
    #expect(try names("/r/one") == ["one"])
    #expect(try names("/r/a/x", "/r/a/y/") == ["x", "y"])
    #expect(try names("/r/a/x", "/r/b/x", "/s/c/x") == ["a", "b", "c"])
    #expect(throws: InputError.self) { try names("/r/a", "/r/b/../a") }
  }

  @Test func tablesHaveARowForEachLabelGroupAndEvaluation() throws {
    try withTemporaryFolder { folder in
      let study = SampleStudy(folder: folder)
      let evaluations = try Evaluations(
        [CaseScores(folder: study.evaluation("a")), CaseScores(folder: study.evaluation("b", gain: 0.2))], groups: nil)
      let table = SummaryTable(evaluations, .dice, targets: evaluations.targets, column: "group").table
      #expect(table.columns.map(\.name).prefix(4) == ["label", "group", "evaluation", "n"])
      #expect(table.rows.count == 4 * 2 * 2)
      #expect(table.rows.allSatisfy { $0.cells.count == table.columns.count })
      let cells = table.rows[2].cells.map(\.text)
      #expect(cells.prefix(4) == ["mean of the labels", "rare", "a", "4"])
      // Case 5 missed a label.
      #expect(cells.last == "case_0005")
      let distances = SummaryTable(evaluations, .hausdorff95, targets: [evaluations.targets[2]], column: nil).table
      #expect(distances.caption == "HD95 (mm), csf")
      #expect(distances.rows[0].cells.prefix(2).map(\.text) == ["a", "19 of 20"])
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
        folders.map(CaseScores.init(folder:)), trainings: [TrainingRun(folder: study.training())],
        slices: SliceFolders(
          images: folder.appendingPathComponent("imagesTr"), reference: folder.appendingPathComponent("labelsTr")))
      let html = try report.html()
      #expect(html == (try report.html()))
      for heading in ["Summary", "Dice by percentile", "Case by case", "The worst cases", "Training fold_0"] {
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
      let html = try Report([CaseScores(folder: folder.appendingPathComponent("p"))]).html()
      #expect(html.contains("2 cases. 1 label, 1 evaluation."))
      #expect(!html.contains("Case by case") && !html.contains("The worst cases") && !html.contains("<b>"))
      #expect(html.ranges(of: "class=\"hwsseg-chart\"").count == 2)
    }
  }

  @Test func filesThatDoNotGoTogetherAreRefused() throws {
    try withTemporaryFolder { folder in
      let study = SampleStudy(folder: folder)
      let a = try CaseScores(folder: study.evaluation("a"))
      let other = try CaseScores(folder: study.evaluation("b", labels: ["liver"]))
      let labels = #expect(throws: InputError.self) { try Report([a, other]) }
      #expect(labels?.subject == other.folder.path)
      for (text, part) in [
        ("", "empty"), ("case,label,name,Dice,HD95\n", "no case"), ("case,label,name,Dice\na,1,x,1\n", "HD95"),
        ("case,label,name,Dice,HD95\na,1,x,one,1\n", "line 2"), ("case,label,name,Dice,HD95\na,1,x,1\n", "line 2"),
        ("case,label,name,Dice,HD95\na,1,x,1,1\nb,2,y,1,1\n", "case a"),
        ("case,label,name,Dice,HD95\na,1,x,1,1\na,1,x,1,1\n", "case a"),
      ] {
        try folder.put(text, at: "bad/cases.csv")
        let error = #expect(throws: InputError.self) { try CaseScores(folder: folder.appendingPathComponent("bad")) }
        #expect(error?.found.contains(part) == true, "\(String(describing: error))")
      }
      let slices = SliceFolders(images: folder, reference: folder)
      let missing = #expect(throws: InputError.self) { try Report([a], slices: slices) }
      #expect(missing?.subject.hasSuffix("case_0005_0000.nii.gz") == true)
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
      #expect(hardest[0].loss == 2.5 && hardest[0].epochs == 10 && hardest[0].draws == 48)
      #expect(abs(hardest[0].standardError - (0.25 / 9).squareRoot()) < 1e-12)
      #expect(hardest[1].epochs == 6)
      // The rare group is drawn in the color that it has in the evaluation.
      let charts = TrainingCharts(run: run, groups: ["another", "rare"]).sampling()
      #expect(charts[0].series.map(\.name) == ["rare", "common"] && charts[0].series.map(\.color) == [1, 2])
      #expect(charts.map { $0.series[0].points.count } == [12, 12, 12])
    }
  }

  /// 2,000 cases with 8 labels under two networks are a page that browsers open at once.
  @Test func largeStudiesStaySmall() throws {
    try withTemporaryFolder { folder in
      let study = SampleStudy(folder: folder)
      let labels = (1...8).map { "label_\($0)" }
      let report = try Report(
        [
          CaseScores(folder: study.evaluation("a", cases: 2000, labels: labels)),
          CaseScores(folder: study.evaluation("b", cases: 2000, labels: labels, gain: 0.1)),
        ])
      let bytes = try report.html().utf8.count
      #expect(bytes < 10_000_000, "\(bytes) bytes")
    }
  }
}

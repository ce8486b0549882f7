import Datasets
import Files
import Foundation
import NIfTI
import Testing

@testable import Evaluation

/// Protects the schema and the numbers of `summary.json`, `cases.csv` and the tables.
struct EvaluationSummaryTests {
  /// Three cases of ten voxels with two labels. Of label 1's four voxels 4, 2 and 0 are found; label 2 is only in
  /// case b, where its one voxel is found.
  private func summary() throws -> EvaluationSummary {
    let targets = [
      EvaluationTarget(name: "organ", values: [1], isRegion: false),
      EvaluationTarget(name: "lesion", values: [2], isRegion: false),
    ]
    func row(_ labels: [Int32]) -> Volume<Int32> { Volume(shape: [1, 1, 10], voxels: labels) }
    let volumes = [
      ("c", row([1, 1, 1, 1, 0, 0, 0, 0, 0, 0]), row([1, 1, 1, 1, 0, 0, 0, 0, 0, 0])),
      ("a", row([0, 0, 0, 0, 0, 0, 0, 0, 0, 0]), row([1, 1, 1, 1, 0, 0, 0, 0, 0, 0])),
      ("b", row([1, 1, 0, 0, 0, 0, 0, 0, 0, 2]), row([1, 1, 1, 1, 0, 0, 0, 0, 0, 2])),
    ]
    let cases = volumes.map { name, prediction, reference in
      CaseEvaluation(
        name: name, predictionFile: URL(fileURLWithPath: "/p/\(name).nii.gz"),
        referenceFile: URL(fileURLWithPath: "/r/\(name).nii.gz"),
        metrics: targets.map {
          SegmentationMetrics(prediction: prediction, reference: reference, values: $0.values, spacing: [1, 1, 2])
        }, diagonal: 20)
    }
    let groups = try CaseTable("case,group,age\na,rare,21\nb,usual,22\nc,usual,23\n", file: "groups.csv")
    return EvaluationSummary(targets: targets, cases: cases, groups: groups)
  }

  private func value(_ json: JSON, _ path: String...) -> JSON? {
    path.reduce(json) { json, key in if case .object(let object) = json { object[key] } else { nil } }
  }

  private func number(_ json: JSON?) -> Double {
    switch json {
    case .number(let number): number
    case .integer(let number): Double(number)
    default: -1
    }
  }

  @Test func meansFollowNnUNet() throws {
    let json = SummaryFile.json(try summary())
    // Label means leave cases out in which the label is in neither volume; Dice is 1, 2/3 and 0.
    #expect(abs(number(value(json, "mean", "1", "Dice")) - 5 / 9) < 1e-12)
    #expect(number(value(json, "mean", "2", "Dice")) == 1)
    #expect(abs(number(value(json, "foreground_mean", "Dice")) - 7 / 9) < 1e-12)
    #expect(number(value(json, "mean", "1", "TP")) == 2)
    #expect(number(value(json, "mean", "2", "n_ref")) == 1.0 / 3)
    // Two voxels, 2 mm each, were missed of case b; case a has no distance at all.
    #expect(number(value(json, "mean", "1", "HD")) == 2)
    #expect(value(json, "label_names", "2") == .string("lesion"))
  }

  @Test func casesAreInOrderWithWholeCounts() throws {
    let json = SummaryFile.json(try summary())
    guard case .array(let cases)? = value(json, "metric_per_case") else { throw CocoaError(.coderInvalidValue) }
    #expect(cases.map { value($0, "prediction_file") } == ["a", "b", "c"].map { .string("/p/\($0).nii.gz") })
    #expect(value(cases[1], "metrics", "1", "FN") == .integer(2))
    #expect(value(cases[1], "reference_file") == .string("/r/b.nii.gz"))
    #expect(number(value(cases[0], "metrics", "2", "Dice")).isNaN)
  }

  @Test func robustnessIsGivenForLabelsCaseMeansAndGroups() throws {
    let json = SummaryFile.json(try summary())
    #expect(value(json, "robustness", "overall", "1", "Dice", "worst_case") == .string("a"))
    #expect(value(json, "robustness", "overall", "2", "Dice", "n_undefined") == .integer(2))
    // Case means: 0, (2/3 + 1) / 2, 1.
    #expect(abs(number(value(json, "robustness", "overall", "case_mean", "Dice", "median")) - 5 / 6) < 1e-12)
    #expect(number(value(json, "robustness", "groups", "group", "usual", "case_mean", "Dice", "n")) == 2)
    #expect(number(value(json, "robustness", "groups", "group", "rare", "1", "Dice", "worst")) == 0)
    #expect(value(json, "robustness", "groups", "age") == nil)
    #expect(number(value(json, "robustness", "overall", "1", "HD95", "p95")) >= 0)
  }

  @Test func keysAreSortedAndUndefinedValuesAreNaN() throws {
    let json = SummaryFile.json(try summary())
    func check(_ json: JSON) {
      switch json {
      case .object(let object):
        #expect(Array(object.keys) == object.keys.sorted())
        for entry in object.elements { check(entry.value) }
      case .array(let values):
        for value in values { check(value) }
      default: break
      }
    }
    check(json)
    #expect(json.text.hasPrefix("{\n    \"foreground_mean\": {\n        \"ASSD\": "))
    #expect(json.text.contains("\"Dice\": NaN"))
  }

  @Test func tableHasALineForEachCaseAndTarget() throws {
    let lines = CasesFile.text(try summary()).split(separator: "\n")
    #expect(lines.count == 7)
    #expect(lines[0] == "case,group,age,label,name,Dice,IoU,HD95,HD,ASSD,NSD,TP,FP,FN,TN,n_pred,n_ref,diagonal")
    #expect(lines[1] == "a,rare,21,1,organ,0.0,0.0,NaN,NaN,NaN,0.0,0,0,4,6,0,4,20.0")
    #expect(lines[2] == "a,rare,21,2,lesion,NaN,NaN,NaN,NaN,NaN,NaN,0,0,0,10,0,0,20.0")
  }

  @Test func textNamesTheWorstCaseOverallAndByGroup() throws {
    let tables = try summary().tables().components(separatedBy: "\n\n")
    let lines = tables[0].split(separator: "\n").map { $0.split(separator: " ") }
    #expect(tables[0].hasPrefix("Dice, 3 cases\n"))
    #expect(lines[2].prefix(6) == ["mean", "of", "the", "labels", "3*", "0.611"])
    let organ = try #require(lines.firstIndex { $0.first == "organ" })
    #expect(lines[organ].suffix(5) == ["0.333", "0.133", "0.067", "0.000", "a"])
    #expect(lines[organ + 1].prefix(3) == ["rare", "1*", "0.000"])
    #expect(lines[organ + 2].prefix(3) == ["usual", "2*", "0.833"])
    #expect(tables[0].contains("* Fewer than 10 cases: these figures say little."))
    #expect(tables[0].contains("lesion: 2 cases left out"))
    #expect(tables[1].hasPrefix("HD95, 3 cases, lower is better\n"))
  }

  /// A missed structure counts as Dice 0 and as the image's diagonal; where there is nothing, the case is left out.
  @Test func missedStructuresCount() throws {
    let robust = RobustSummary(try summary(), metrics: [.dice, .hausdorff95])
    let (dice, distance) = (robust.scores[0], robust.scores[1])
    #expect(dice.rows.map(\.label) == ["mean of the labels", "organ", "lesion"])
    #expect(dice.table.values[0] == [0, 2.0 / 3, 1] && dice.table.values[1].map(\.isNaN) == [true, false, true])
    #expect(distance.table.values[0][0] == 20 && distance.table.values[0][2] == 0)
    #expect(distance.rows[1].all.worstCase == "a")
    #expect(dice.rows[2].all.count == 1 && dice.rows[2].all.leftOut == 2)
    #expect(dice.rows[1].all.failures?.value == 1.0 / 3)
    let gap = try #require(dice.rows[1].gaps[0])
    #expect(gap.worstGroup == "rare" && abs(gap.gap.value - 5.0 / 6) < 1e-12)
  }

  @Test func regionsAreKeyedLikeTuples() throws {
    let json = try JSON.parse(
      Data(
        """
        {"channel_names": {"0": "FLAIR"}, "numTraining": 1, "file_ending": ".nii.gz", "regions_class_order": [1, 2, 3],
         "labels": {"background": 0, "whole": [1, 2, 3], "core": [2, 3], "enhancing": [3]}}
        """.utf8), file: "dataset.json")
    let targets = EvaluationTarget.all(of: try DatasetDescription(json, file: "dataset.json"))
    #expect(targets.map(\.key) == ["(1, 2, 3)", "(2, 3)", "(3,)"])
    #expect(targets.map(\.name) == ["whole", "core", "enhancing"])
  }
}

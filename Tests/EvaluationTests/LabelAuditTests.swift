import Datasets
import Files
import Foundation
import NIfTI
import TestSupport
import Testing

@testable import Evaluation

/// Protects the audit of labels: what is sure, where it is, and that a hard case and a wrong label part ways.
@Suite struct LabelAuditTests {
  private static let shape = [5, 8, 10]

  private static func describe(_ labels: String, _ rest: String = "") throws -> DatasetDescription {
    let text =
      #"{"channel_names": {"0": "T2"}, "labels": {\#(labels)}, "numTraining": 1, "file_ending": ".nii.gz"\#(rest)}"#
    return try DatasetDescription(JSON.parse(Data(text.utf8), file: "dataset.json"), file: "dataset.json")
  }

  private static let plain = Result { try describe(#""background": 0, "a": 1, "b": 2"#) }
  private static let nested = Result {
    try describe(
      #""background": 0, "whole": [1, 2, 3], "core": [2, 3], "ignore": 4"#, #", "regions_class_order": [1, 2]"#)
  }

  /// A block of label 1 beside a block of label 2, of 3 × 4 × 4 voxels each.
  private static var truth: Volume<Int32> {
    var volume = block(1, from: [1, 2, 1], to: [4, 6, 5], in: shape)
    for (voxel, label) in block(2, from: [1, 2, 5], to: [4, 6, 9], in: shape).voxels.enumerated() where label != 0 {
      volume.voxels[voxel] = label
    }
    return volume
  }

  /// Probabilities of three classes: `sure` for the predicted one in the voxels of `where`, 0.9 elsewhere.
  private static func softmax(
    _ prediction: Volume<Int32>, sure: Float = 0.9, where isUnsure: (Int) -> Bool = { _ in false }
  ) -> [Float] {
    let count = prediction.voxels.count
    var values = [Float](repeating: 0, count: 3 * count)
    for (voxel, label) in prediction.voxels.enumerated() {
      let own = isUnsure(voxel) ? sure : 0.9
      for channel in 0..<3 { values[channel * count + voxel] = channel == Int(label) ? own : (1 - own) / 2 }
    }
    return values
  }

  private static func agreement(
    _ name: String, labels: Volume<Int32> = truth, prediction: Volume<Int32> = truth, sure: Float = 0.9,
    where isUnsure: (Int) -> Bool = { _ in false }
  ) throws -> CaseAgreement {
    try CaseAgreement(
      name: name, labels: labels, prediction: prediction,
      probabilities: softmax(prediction, sure: sure, where: isUnsure), spacing: [2, 1, 0.5], description: plain.get())
  }

  /// Labels 1 and 2 exchanged.
  private static var swapped: Volume<Int32> {
    Volume(shape: shape, voxels: truth.voxels.map { $0 == 0 ? 0 : 3 - $0 })
  }

  /// A network that hesitates on half of a hard case gets most of it wrong; one that meets a wrong label is sure.
  private static func fold(_ name: String = "0", prefix: String = "case") throws -> FoldAudit {
    var agreements = try (0..<10).map { try agreement("\(prefix)_\($0)") }
    // All of label 2 is predicted as 1, with 0.6.
    let missed = Volume(shape: shape, voxels: truth.voxels.map { min($0, 1) })
    agreements.append(
      try agreement("\(prefix)_hard", prediction: missed, sure: 0.6) { truth.voxels[$0] == 2 })
    agreements.append(try agreement("\(prefix)_wrong", labels: swapped))
    return FoldAudit(fold: name, agreements)
  }

  @Test func aWrongLabelIsNotAHardCase() throws {
    let fold = try Self.fold()
    let audit = LabelAudit([fold], caseNames: fold.cases.map(\.name) + ["case_untrained"])
    #expect(audit.cases[0].name == "case_wrong" && audit.suspects.map(\.name) == ["case_wrong"])
    let hard = try #require(audit.cases.first { $0.name == "case_hard" })
    // 48 voxels of label 1 are found, 48 of label 2 are taken for label 1: 2 · 48 / (96 + 48) and 0.
    #expect(abs(hard.dice - (2.0 / 3) / 2) < 1e-12)
    #expect(hard.sureVolume == 0 && hard.score == 0 && hard.regions.isEmpty)
    let wrong = audit.cases[0]
    #expect(wrong.dice == 0 && wrong.share == 1 && wrong.sureVolume == 96)
    #expect(abs(wrong.selfConfidence - 0.05) < 1e-6 && abs(wrong.margin - 0.85) < 1e-6)
  }

  /// The mean of the probabilities of the given label, over all voxels of the class in the fold.
  @Test func thresholdsAreThoseOfTheFold() throws {
    let thresholds = try Self.fold().thresholds
    #expect(thresholds.map(\.label) == [0, 1, 2])
    #expect(abs(thresholds[0].probability - 0.9) < 1e-6)
    // Twelve cases: in one of them it has 0.05 because labels are swapped, and in one 0.2 because it is hard.
    #expect(abs(thresholds[1].probability - (11 * 0.9 + 0.05) / 12) < 1e-6)
    #expect(abs(thresholds[2].probability - (10 * 0.9 + 0.05 + 0.2) / 12) < 1e-6)
    // Where a network knows nothing of a class, it is not sure of it at less than one half, and says so.
    let background = Volume<Int32>(shape: Self.shape, repeating: 0)
    let untrained = FoldAudit(fold: "1", [try Self.agreement("a", prediction: background)])
    #expect(untrained.thresholds[1].probability == 0.5 && untrained.unknownLabels == [1, 2])
  }

  /// The place of a region in the order of viewers, its volume in mm³, and its labels.
  @Test func regionsAreWhereTheyAre() throws {
    var labels = Self.truth
    // Three voxels that the network takes for background, two of them connected over a corner.
    for (z, y, x) in [(0, 0, 0), (1, 1, 1), (4, 7, 9)] { labels[z, y, x] = 2 }
    // Two neighbors with exchanged labels are two regions.
    (labels[2, 4, 4], labels[2, 4, 5]) = (2, 1)
    let regions = FoldAudit(
      fold: "0", [try Self.agreement("a", labels: labels)] + (try (1..<9).map { try Self.agreement("\($0)") })
    ).cases[0].regions
    #expect(
      regions == [
        .init(volume: 2, voxel: [0, 0, 0], given: 2, predicted: 0),
        .init(volume: 1, voxel: [4, 4, 2], given: 2, predicted: 1),
        .init(volume: 1, voxel: [5, 4, 2], given: 1, predicted: 2),
        .init(volume: 1, voxel: [9, 7, 4], given: 2, predicted: 0),
      ])
  }

  /// A network that contradicts everything three times as often gives the same scores.
  @Test func scoresDoNotDependOnTheFold() {
    let shares = [0.02, 0.04, 0.05, 0.07, 0.09, 0.3]
    let scores = FoldAudit.scores(shares)
    // The median is 0.06, the deviations are 0.04, 0.02, 0.01, 0.01, 0.03, 0.24.
    #expect(abs(scores[5] - 0.24 / (1.4826 * 0.025)) < 1e-9 && abs(scores[0] + 0.04 / (1.4826 * 0.025)) < 1e-9)
    for (score, other) in zip(scores, FoldAudit.scores(shares.map { 3 * $0 + 0.01 })) {
      #expect(abs(score - other) < 1e-9)
    }
    // Where all agree, a hundredth of the foreground is no news.
    #expect(FoldAudit.scores([0, 0, 0, 0, 0.01]).last == 1)
    #expect(FoldAudit.scores([0.7]) == [0])
  }

  /// Nested regions: labels are told apart by the regions in which they lie. What was not annotated does not count.
  @Test func regionsOfLabelsAndTheIgnoreLabel() throws {
    let description = try Self.nested.get()
    // Labels 0, 1, 2, 3 and 4 (ignore), two voxels each.
    let labels = Volume<Int32>(shape: [1, 1, 10], voxels: [0, 0, 1, 1, 2, 2, 3, 3, 4, 4])
    // In every second voxel the network says: whole but not core.
    let whole: [Float] = [0.1, 0.99, 0.9, 0.99, 0.9, 0.99, 0.9, 0.99, 0.1, 0.99]
    let core: [Float] = [0.1, 0.01, 0.1, 0.01, 0.9, 0.01, 0.9, 0.01, 0.1, 0.01]
    let prediction = Volume<Int32>(shape: [1, 1, 10], voxels: [0, 1, 1, 1, 2, 1, 2, 1, 0, 1])
    let agreement = CaseAgreement(
      name: "a", labels: labels, prediction: prediction, probabilities: whole + core, spacing: [1, 1, 1],
      description: description)
    // Labels 2 and 3 are one class for this network.
    #expect(agreement.classes.labels == [0, 1, 2] && agreement.sums.map(\.count) == [2, 2, 4])
    #expect(abs(agreement.sums[1].confidence - (0.9 + 0.99)) < 1e-6)
    #expect(abs(agreement.sums[2].confidence - 2 * (0.9 + 0.01)) < 1e-6)
    #expect(agreement.foreground == 7)
    let audited = FoldAudit(fold: "0", [agreement]).cases[0]
    #expect(abs(audited.share - 3.0 / 7) < 1e-12)
    #expect(
      audited.regions == [
        .init(volume: 1, voxel: [1, 0, 0], given: 0, predicted: 1),
        .init(volume: 1, voxel: [5, 0, 0], given: 2, predicted: 1),
        .init(volume: 1, voxel: [7, 0, 0], given: 3, predicted: 1),
      ])
    // All six voxels of whole are found, and one more; of core, two of four.
    #expect(abs(audited.dice - (12.0 / 13 + 4.0 / 6) / 2) < 1e-12)
  }

  /// A case without foreground on either side has no score but 0, and no Dice.
  @Test func nothingToDisagreeOn() throws {
    let background = Volume<Int32>(shape: Self.shape, repeating: 0)
    let audited = FoldAudit(
      fold: "0", [try Self.agreement("a", labels: background, prediction: background)]
    ).cases[0]
    #expect(audited.share == 0 && audited.score == 0 && audited.dice.isNaN && audited.selfConfidence.isNaN)
  }

  @Test func files() throws {
    try withTemporaryFolder { folder in
      let folds = [try Self.fold(), try Self.fold("1", prefix: "other")]
      let names = folds.flatMap(\.cases).map(\.name) + ["case_untrained"]
      let groups = try CaseTable("case,group\ncase_wrong,rare\n", file: "groups.csv")
      let audit = LabelAudit(folds, caseNames: names, groups: groups)
      try audit.write(to: folder)
      func table(_ name: String) throws -> CaseTable { try CaseTable(contentsOf: folder.appendingPathComponent(name)) }
      let weights = try table("case_weights.csv")
      #expect(weights.caseNames == names && weights.columns == ["weight"])
      #expect(names.filter { weights.value("weight", of: $0) == "0" } == ["case_wrong", "other_wrong"])
      let cases = try table("audit.csv")
      #expect(cases.caseNames.prefix(2) == ["case_wrong", "other_wrong"] && cases.caseNames.count == 24)
      let expected = [
        "fold": "0", "group": "rare", "rank": "1", "sure_volume_mm3": "96.0", "region_volume_mm3": "48.0", "x": "2",
        "y": "3", "z": "2", "given": "2", "predicted": "1", "Dice": "0.0",
      ]
      for (column, value) in expected { #expect(cases.value(column, of: "case_wrong") == value, "\(column)") }
      #expect(cases.value("x", of: "case_hard") == nil)
      let regions = try CSV.rows(contentsOf: folder.appendingPathComponent("audit_regions.csv")).map(\.cells)
      #expect(regions.count == 5 && regions[2] == ["case_wrong", "2", "48.0", "6", "3", "2", "1", "2"])
      #expect(audit.table().contains("2 of 24 cases score above 3.5"))
    }
  }
}

import Datasets
import Files
import Foundation
import NIfTI
import Plans
import TestSupport
import Testing

@testable import Inference

/// Protects prediction plane by plane: labels and probabilities are those of the whole volume, bit for bit.
@Suite struct SegmentationTests {
  struct Case: CustomTestStringConvertible, Sendable {
    var shape: [Int]
    var spacing = [1.0, 1, 1]
    var border = 0
    var planned = [1.0, 1, 1]
    var transpose = [0, 1, 2]
    var step = 0.5
    var mirrorAxes: [Int] = []
    var folds = 1
    var order = 1
    var hasRegions = false
    var testDescription: String {
      "\(shape) of \(spacing) mm, border \(border), to \(planned) mm, axes \(transpose), step \(step), "
        + "mirrored \(mirrorAxes), \(folds) folds, order \(order), regions \(hasRegions)"
    }
  }

  /// The patch has 8 × 8 × 16 voxels.
  static let cases = [
    Case(shape: [8, 8, 16]), Case(shape: [5, 20, 9], mirrorAxes: [0, 2]), Case(shape: [27, 9, 17]),
    Case(shape: [27, 9, 17], border: 2, step: 1), Case(shape: [20, 8, 16], step: 0.3, mirrorAxes: [0, 1, 2]),
    Case(shape: [16, 17, 18], spacing: [1.3, 0.8, 1.1], border: 1, folds: 2),
    Case(shape: [12, 14, 22], spacing: [1, 1.4, 0.8], border: 1, transpose: [2, 0, 1], mirrorAxes: [1]),
    Case(shape: [12, 14, 22], planned: [0.7, 1.2, 1.1], transpose: [1, 2, 0], folds: 2, hasRegions: true),
    Case(shape: [9, 12, 20], spacing: [4, 1, 1], border: 1, planned: [5, 1.2, 1.2], hasRegions: true),
    Case(shape: [24, 12, 9], spacing: [1, 1, 4], planned: [1.2, 1.2, 5]),
    Case(shape: [12, 14, 22], spacing: [1.2, 1, 0.9], border: 1, order: 3),
    Case(shape: [12, 14, 22], spacing: [1.2, 1, 0.9], order: 0),
  ]

  @Test(arguments: cases)
  func equalsTheWholeVolume(_ test: Case) throws {
    try withTemporaryFolder { folder in
      let models = try Self.models(test, in: folder)
      let rawCase = try FixtureModel.writeCase(
        "case", factor: 7919, shape: test.shape, spacing: test.spacing, border: test.border, in: folder)
      let expected = try WholeVolumePrediction(rawCase, models, step: test.step, mirrorAxes: test.mirrorAxes)
      #expect(Set(expected.labels.voxels).count > 1)
      let ensemble = try Ensemble(models, options: .init(stepSize: test.step, mirrorAxes: test.mirrorAxes))
      let prediction = try ensemble.predictions(of: [rawCase])[0]
      #expect(prediction.labels == expected.labels)
      #expect(prediction.probabilities == expected.probabilities)
      // The labels do not depend on whether the probabilities are kept.
      try ensemble.predict([rawCase], overlaps: false) { prediction in
        #expect(prediction.labels == expected.labels)
        #expect(prediction.probabilities == nil)
      }
    }
  }

  private static func models(_ test: Case, in folder: URL) throws -> [Model] {
    let models = try FixtureModel.training("A", factors: [1, 0.5].prefix(test.folds).map { $0 }, in: folder)
    let training = models[0].folder.training
    var plan = models[0].plan
    plan.transposeForward = test.transpose
    plan.transposeBackward = [0, 1, 2].map { axis in test.transpose.firstIndex(of: axis) ?? axis }
    plan.configurations[0].spacing = test.transpose.map { test.planned[$0] }
    plan.configurations[0].probabilityResampling.order = test.order
    try plan.write(to: training.appendingPathComponent("plans.json"))
    if test.hasRegions {
      try Data(
        """
        {"channel_names": {"0": "MR"}, "numTraining": 5, "file_ending": ".nii.gz", "regions_class_order": [1, 2, 3],
         "labels": {"background": 0, "whole": [1, 2, 3], "part": [2, 3], "core": 3}}
        """.utf8
      ).write(to: training.appendingPathComponent("dataset.json"))
    }
    return try models.map { try Model($0.folder) }
  }

  /// Logits that are not finite are noticed in whichever plane they are.
  @Test func logitsThatAreNotFiniteAreRefused() throws {
    try withTemporaryFolder { folder in
      let models = try FixtureModel.training("A", factors: [1e30], in: folder)
      let rawCase = try FixtureModel.writeCase("case", factor: 7919, shape: [20, 8, 16], in: folder)
      let error = #expect(throws: InputError.self) { try Ensemble(models).predictions(of: [rawCase]) }
      #expect(error?.found.contains("not finite") == true)
    }
  }
}

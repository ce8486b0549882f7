import Datasets
import Files
import Foundation
import HardnessWeighting
import Plans
import Testing

@testable import Planning

/// Protects patch, batch size and `batch_dice` against plans of nnU-Net 2.8 for made-up data sets of equal cases.
@Suite struct ExperimentPlannerTests {
  static func description(cases: Int, labels: Int, channels: [String] = ["MRI"]) throws -> DatasetDescription {
    let names = channels.enumerated().map { "\"\($0)\": \"\($1)\"" }.joined(separator: ", ")
    let values = (1..<labels).map { ", \"l\($0)\": \($0)" }.joined()
    let text = """
      {"channel_names": {\(names)}, "labels": {"background": 0\(values)}, "numTraining": \(cases),
       "file_ending": ".nii.gz"}
      """
    return try DatasetDescription(JSON.parse(Data(text.utf8), file: "dataset.json"), file: "dataset.json")
  }

  static func fingerprint(_ spacing: [Double], _ shape: [Int], channels: Int = 1, relativeSize: Double = 1)
    -> Fingerprint
  {
    let intensity = IntensityProperties(
      maximum: 9, mean: 3, median: 3, minimum: 0, percentile005: 0, percentile995: 8, standardDeviation: 2)
    return Fingerprint(
      spacings: [spacing, spacing, spacing], shapesAfterCrop: [shape, shape, shape],
      intensityProperties: Array(repeating: intensity, count: channels), medianRelativeSizeAfterCropping: relativeSize)
  }

  struct Expectation: Sendable {
    let spacing: [Double]
    let shape: [Int]
    let cases: Int
    let labels: Int
    let patch: [Int]
    let batchSize: Int
    let batchDice: Bool
  }

  @Test(arguments: [
    Expectation(
      spacing: [1, 1, 1], shape: [36, 50, 35], cases: 260, labels: 3, patch: [40, 56, 40], batchSize: 9,
      batchDice: false),
    Expectation(
      spacing: [1, 0.8, 0.8], shape: [450, 512, 512], cases: 100, labels: 3, patch: [128, 128, 128], batchSize: 2,
      batchDice: true),
    Expectation(
      spacing: [10, 1.5625, 1.5625], shape: [9, 237, 208], cases: 100, labels: 4, patch: [10, 256, 224], batchSize: 4,
      batchDice: false),
    Expectation(
      spacing: [1, 1, 1], shape: [138, 169, 138], cases: 1251, labels: 4, patch: [128, 128, 128], batchSize: 2,
      batchDice: false),
    Expectation(
      spacing: [3.6, 0.625, 0.625], shape: [20, 320, 320], cases: 32, labels: 3, patch: [20, 320, 256], batchSize: 2,
      batchDice: false),
  ])
  func table(expected: Expectation) throws {
    let configuration = try ExperimentPlanner().plan(
      Self.fingerprint(expected.spacing, expected.shape),
      Self.description(cases: expected.cases, labels: expected.labels), datasetName: "D"
    ).configuration
    #expect(configuration.patchSize == expected.patch)
    #expect(configuration.batchSize == expected.batchSize)
    #expect(configuration.batchDice == expected.batchDice)
    #expect(configuration.network.activation == NetworkPlan.relu)
    try configuration.checkSupported()
  }

  /// The coarsest axis comes first in the plan, wherever it is in the files.
  @Test func transpose() throws {
    let plan = try ExperimentPlanner().plan(
      Self.fingerprint([0.625, 0.625, 3.6], [320, 320, 20]), Self.description(cases: 32, labels: 3), datasetName: "D")
    #expect(plan.transposeForward == [2, 0, 1])
    #expect(plan.transposeBackward == [1, 2, 0])
    #expect(plan.configuration.spacing == [3.6, 0.625, 0.625])
    #expect(plan.configuration.patchSize == [20, 320, 256])
  }

  @Test func normalization() throws {
    let plan = try ExperimentPlanner().plan(
      Self.fingerprint([1, 1, 1], [40, 40, 40], channels: 3, relativeSize: 0.7),
      Self.description(cases: 10, labels: 2, channels: ["CT", "noNorm", "T2"]), datasetName: "D")
    #expect(
      plan.configuration.normalizationSchemes == ["CTNormalization", "NoNormalization", "ZScoreNormalization"])
    #expect(plan.configuration.useMaskForNorm == [false, false, true])
  }

  /// The published trainings: hardness-weighted with beta 100, in batches of two, with their spacing and patch.
  @Test func presets() throws {
    for (preset, patch, spacing) in [(Preset.fetalBrain, [128, 160, 128], 0.8), (.brats, [128, 192, 128], 1.0)] {
      let plan = try ExperimentPlanner(preset: preset).plan(
        Self.fingerprint([1, 1, 1], [100, 120, 100]), Self.description(cases: 20, labels: 4), datasetName: "D")
      #expect(plan.configuration.patchSize == patch)
      #expect(plan.configuration.spacing == [spacing, spacing, spacing])
      #expect(plan.configuration.batchSize == 2)
      #expect(plan.training.sampler.name == .hardness)
      #expect(plan.training.sampler.hardness == .published(beta: 100))
      #expect(plan.training.epochs == 1000)
    }
    let plan = try ExperimentPlanner().plan(
      Self.fingerprint([1, 1, 1], [100, 120, 100]), Self.description(cases: 20, labels: 4), datasetName: "D")
    #expect(plan.training == TrainingSettings())
  }

  /// The second configuration of a cascade follows changes of the one it inherits from.
  @Test func cascade() throws {
    var plan = try ExperimentPlanner().plan(
      Self.fingerprint([1, 0.8, 0.8], [450, 512, 512]), Self.description(cases: 100, labels: 3), datasetName: "D")
    #expect(plan.configurations.map(\.name) == ["2d", "3d_lowres", "3d_fullres", "3d_cascade_fullres"])
    plan.configuration.patchSize = [64, 64, 64]
    let read = try Plan(plan.json, file: "plans.json")
    #expect(read.configurations[3].patchSize == [64, 64, 64])
    #expect(read.json == plan.json)
    #expect(
      try JSONFields(plan.json, file: "plans.json").fields("configurations").fields("3d_cascade_fullres").object
        == JSONObject([("inherits_from", .string("3d_fullres")), ("previous_stage", .string("3d_lowres"))]))
  }

  /// Data sets of single slices get 2-D plans, which only training refuses.
  @Test func slices() throws {
    let plan = try ExperimentPlanner().plan(
      Self.fingerprint([999, 1, 1], [1, 300, 300]), Self.description(cases: 10, labels: 2), datasetName: "D")
    #expect(plan.configurations.map(\.name) == ["2d"])
    #expect(throws: InputError.self) { try plan.configuration.checkSupported() }
  }

  /// Absurd spacings give an absurd plan, or an error, but no crash.
  @Test func absurdSpacing() throws {
    let description = try Self.description(cases: 10, labels: 2)
    for spacing in [[1e5, 1e-5, 1e-5], [1e-5, 1e5, 1e-5], [1e5, 1e5, 1e5]] {
      let fingerprint = Self.fingerprint(spacing, [40, 40_000, 100_000])
      do {
        let plan = try ExperimentPlanner().plan(fingerprint, description, datasetName: "D")
        #expect(plan.configuration.patchSize.allSatisfy { $0 > 0 })
      } catch {
        #expect(error is InputError)
      }
    }
  }

  @Test func refused() throws {
    let description = try Self.description(cases: 10, labels: 2)
    #expect(throws: InputError.self) { try ExperimentPlanner(memoryGB: 0) }
    #expect(throws: InputError.self) { try ExperimentPlanner(memoryGB: .nan) }
    #expect(throws: InputError.self) {
      try ExperimentPlanner(memoryGB: 1e-9).plan(
        Self.fingerprint([1, 1, 1], [40, 40, 40]), description, datasetName: "D")
    }
    #expect(throws: InputError.self) {
      try ExperimentPlanner().plan(
        Self.fingerprint([1, 1, 1], [40, 40, 40], channels: 2), description, datasetName: "D")
    }
  }
}

import Datasets
import Foundation
import TestSupport
import Testing

@testable import Planning

/// Protects the equality of our plans with those nnU-Net's default planner makes of the same fingerprints.
@Suite(.enabled(if: Golden.isPresent, Comment(rawValue: Golden.absence))) struct GoldenPlannerTests {
  private static func compare(_ folder: URL, _ reference: URL, _ description: DatasetDescription, memory: Double) throws
  {
    let fingerprint = try Fingerprint(contentsOf: folder.appendingPathComponent("dataset_fingerprint.json"))
    let expected = try Plan.read(reference)
    let plan = try ExperimentPlanner(memoryGB: memory).plan(fingerprint, description, datasetName: expected.datasetName)
    let (ours, theirs) = (plan.configuration, expected.configuration)
    let place = Comment(rawValue: reference.path)
    #expect(ours.patchSize == theirs.patchSize, place)
    #expect(ours.batchSize == theirs.batchSize, place)
    #expect(ours.spacing == theirs.spacing, place)
    #expect(ours.medianImageSize == theirs.medianImageSize, place)
    #expect(ours.normalizationSchemes == theirs.normalizationSchemes, place)
    #expect(ours.useMaskForNorm == theirs.useMaskForNorm, place)
    #expect(ours.batchDice == theirs.batchDice, place)
    #expect(ours.network.features == theirs.network.features, place)
    #expect(ours.network.kernels == theirs.network.kernels, place)
    #expect(ours.network.strides == theirs.network.strides, place)
    #expect(ours.network.convolutionsPerStage == theirs.network.convolutionsPerStage, place)
    #expect(ours.network.convolutionsPerDecoderStage == theirs.network.convolutionsPerDecoderStage, place)
    #expect(plan.transposeForward == expected.transposeForward, place)
    #expect(plan.transposeBackward == expected.transposeBackward, place)
    #expect(plan.intensityProperties == expected.intensityProperties, place)
  }

  @Test func plannedAtBothMemories() throws {
    let folder = Golden.file("plans")
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    #expect(!names.isEmpty)
    for name in names {
      let dataset = folder.appendingPathComponent(name)
      let description = try DatasetDescription(contentsOf: dataset.appendingPathComponent("dataset.json"))
      for memory in [8, 16] {
        let reference = dataset.appendingPathComponent("ExperimentPlanner_\(memory)GB.json")
        try Self.compare(dataset, reference, description, memory: Double(memory))
      }
    }
  }

  /// Our plan has every member nnU-Net's has, of the same kind, so that nnU-Net reads it.
  @Test func schema() throws {
    let dataset = Golden.file("plans/BraTS")
    let plan = try ExperimentPlanner().plan(
      Fingerprint(contentsOf: dataset.appendingPathComponent("dataset_fingerprint.json")),
      DatasetDescription(contentsOf: dataset.appendingPathComponent("dataset.json")), datasetName: "Dataset600_BraTS")
    var ours = try #require(
      try JSONSerialization.jsonObject(with: Data(plan.json.text.utf8)) as? [String: Any])
    var theirs = try #require(
      try JSONSerialization.jsonObject(
        with: Data(contentsOf: dataset.appendingPathComponent("ExperimentPlanner_8GB.json"))) as? [String: Any])
    let ourConfiguration =
      (ours.removeValue(forKey: "configurations") as? [String: Any])?["3d_fullres"] as? NSDictionary
    let theirConfigurations = try #require(theirs.removeValue(forKey: "configurations") as? [String: Any])
    let theirText = try JSONSerialization.data(withJSONObject: theirConfigurations)
    let withReLU = String(decoding: theirText, as: UTF8.self).replacingOccurrences(of: "LeakyReLU", with: "ReLU")
    let withReLUObject = try JSONSerialization.jsonObject(with: Data(withReLU.utf8)) as? [String: Any]
    #expect(ourConfiguration == withReLUObject?["3d_fullres"] as? NSDictionary)
    ours.removeValue(forKey: "training")
    #expect(ours as NSDictionary == theirs as NSDictionary)
  }

  @Test func fingerprintSurvives() throws {
    let file = Golden.file("plans/Cardiac/dataset_fingerprint.json")
    let copy = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).json")
    defer { try? FileManager.default.removeItem(at: copy) }
    let fingerprint = try Fingerprint(contentsOf: file)
    try fingerprint.write(to: copy)
    #expect(try Fingerprint(contentsOf: copy) == fingerprint)
    let before = try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? NSDictionary
    let after = try JSONSerialization.jsonObject(with: Data(contentsOf: copy)) as? NSDictionary
    #expect(before == after)
  }
}

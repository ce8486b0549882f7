import Datasets
import Foundation
import TestSupport
import Testing

@testable import Planning

/// Protects the equality of our plans with those nnU-Net's default planner makes of the same fingerprints.
@Suite(.enabled(if: Golden.isPresent, Comment(rawValue: Golden.absence))) struct GoldenPlannerTests {
  /// A JSON object, to compare files whose text may differ.
  private static func object(_ data: Data) throws -> NSDictionary {
    try #require(try JSONSerialization.jsonObject(with: data) as? NSDictionary)
  }

  /// Plans are equal member by member, except for the activation of plain networks and our object `training`.
  @Test func plannedAsByNNUNet() throws {
    let folder = Golden.file("plans")
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    #expect(!names.isEmpty)
    for name in names {
      let dataset = folder.appendingPathComponent(name)
      let description = try DatasetDescription(contentsOf: dataset.appendingPathComponent("dataset.json"))
      let fingerprint = try Fingerprint(contentsOf: dataset.appendingPathComponent("dataset_fingerprint.json"))
      for (preset, memory, file) in [
        (Preset.default, 8.0, "ExperimentPlanner_8GB"), (.default, 16, "ExperimentPlanner_16GB"),
        (.residualM, 8, "nnUNetPlannerResEncM_8GB"),
      ] {
        var theirs = try Data(contentsOf: dataset.appendingPathComponent("\(file).json"))
        if preset == .default {
          theirs = Data(String(decoding: theirs, as: UTF8.self).replacing("LeakyReLU", with: "ReLU").utf8)
        }
        let expected = try Self.object(theirs)
        let plan = try ExperimentPlanner(memoryGB: memory, preset: preset).plan(
          fingerprint, description, datasetName: #require(expected["dataset_name"] as? String))
        var ours = try #require(try Self.object(Data(plan.json.text.utf8)) as? [String: Any])
        ours["training"] = nil
        for (key, value) in ours {
          #expect(value as? NSObject == expected[key] as? NSObject, "\(name)/\(file), \(key)")
        }
        #expect(ours as NSDictionary == expected, "\(name)/\(file)")
      }
    }
  }

  /// The fingerprints in the folder, whatever the data sets are called.
  private static let fingerprints: [URL] = {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: Golden.file("plans").path)) ?? []
    return names.sorted().map { Golden.file("plans/\($0)/dataset_fingerprint.json") }
      .filter { FileManager.default.fileExists(atPath: $0.path) }
  }()

  @Test func thereAreFingerprints() { #expect(!Self.fingerprints.isEmpty) }

  /// A fingerprint that is read and written again has the same content.
  @Test(arguments: fingerprints) func fingerprintSurvives(file: URL) throws {
    try withTemporaryFolder { folder in
      let copy = folder.appendingPathComponent("dataset_fingerprint.json")
      let fingerprint = try Fingerprint(contentsOf: file)
      try fingerprint.write(to: copy)
      #expect(try Fingerprint(contentsOf: copy) == fingerprint)
      #expect(try Self.object(Data(contentsOf: copy)) == Self.object(Data(contentsOf: file)))
    }
  }
}

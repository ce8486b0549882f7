import Datasets
import Files
import Foundation
import Plans
import Testing

@testable import Planning

/// Protects every decision of the planner against nnU-Net 2.8.1's plans, with all presets and many memory targets.
///
/// `Tests/Fixtures/planner_cases.py` draws fingerprints, runs nnU-Net and writes `planner_cases.json`.
@Suite struct PlannerCasesTests {
  private static func cases() throws -> [[String: Any]] {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../Fixtures/planner_cases.json")
    return try #require(try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [[String: Any]])
  }

  /// A value of the fixture as our own JSON, so that it can be parsed as files are.
  private static func json(_ value: Any) throws -> JSON {
    try JSON.parse(JSONSerialization.data(withJSONObject: value), file: "planner_cases.json")
  }

  private static func fields(_ value: Any?) throws -> JSONFields {
    try JSONFields(json(#require(value)), file: "planner_cases.json")
  }

  private static func plan(_ entry: [String: Any]) throws -> Plan {
    let fields = try fields(entry)
    let channels = try fields.strings("channels")
    let intensity = IntensityProperties(
      maximum: 9, mean: 3, median: 3, minimum: 0, percentile005: 0, percentile995: 8, standardDeviation: 2)
    let fingerprint = Fingerprint(
      spacings: try fields.doubleLists("spacings"), shapesAfterCrop: try fields.intLists("shapes"),
      intensityProperties: channels.map { _ in intensity },
      medianRelativeSizeAfterCropping: try fields.double("relative_size"))
    let description = try DatasetDescription(
      json([
        "channel_names": Dictionary(uniqueKeysWithValues: channels.enumerated().map { ("\($0)", $1) }),
        "labels": try #require(entry["labels"]), "numTraining": try fields.int("num_training"),
        "file_ending": ".nii.gz", "regions_class_order": [1, 2, 3],
      ]), file: "dataset.json")
    let preset = try #require(Preset(rawValue: fields.string("preset")))
    return try ExperimentPlanner(memoryGB: fields.doubleIfPresent("memory"), preset: preset).plan(
      fingerprint, description, datasetName: "Dataset001_Made")
  }

  /// Strides or kernels as the fixture writes them.
  private static func digits(_ rows: [[Int]]) -> String {
    rows.map { $0.map(String.init).joined() }.joined(separator: " ")
  }

  @Test func decisions() throws {
    let cases = try Self.cases()
    #expect(cases.count > 50)
    for (number, entry) in cases.enumerated() {
      let comment = Comment(rawValue: "case \(number)")
      let plan = try Self.plan(#require(entry["case"] as? [String: Any]))
      let expected = try Self.fields(entry["plan"])
      #expect(plan.plansName == (try expected.string("plans_name")), comment)
      #expect(plan.transposeForward == (try expected.ints("transpose_forward")), comment)
      #expect(plan.transposeBackward == (try expected.ints("transpose_backward")), comment)
      let written = try JSONFields(plan.json, file: "plan")
      for key in ["original_median_spacing_after_transp", "original_median_shape_after_transp"] {
        #expect(try written.doubles(key) == expected.doubles(key), comment)
      }
      #expect(
        try written.string("experiment_planner_used") == expected.string("experiment_planner_used"), comment)

      #expect(try Plan(plan.json, file: "plan").json == plan.json, comment)

      let configurations = try expected.fields("configurations")
      #expect(plan.configurations.map(\.name) == configurations.object.keys.sorted(by: Self.inPlanOrder), comment)
      for ours in plan.configurations {
        let theirs = try configurations.fields(ours.name)
        let comment = Comment(rawValue: "case \(number), \(ours.name)")
        let ownKeys = try written.fields("configurations").fields(ours.name)
        if let parent = try theirs.stringIfPresent("inherits_from") {
          #expect(ownKeys.object.keys.sorted() == ["inherits_from", "previous_stage"], comment)
          #expect(try ownKeys.string("inherits_from") == parent, comment)
          #expect(try ownKeys.string("previous_stage") == theirs.string("previous_stage"), comment)
          continue
        }
        try Self.compare(ours, theirs, comment)
        #expect(try ownKeys.stringIfPresent("next_stage") == theirs.stringIfPresent("next_stage"), comment)
      }
    }
  }

  private static func compare(_ ours: PlanConfiguration, _ theirs: JSONFields, _ comment: Comment) throws {
    #expect(ours.dataIdentifier == (try theirs.string("data_identifier")), comment)
    #expect(ours.batchSize == (try theirs.int("batch_size")), comment)
    #expect(ours.patchSize == (try theirs.ints("patch_size")), comment)
    #expect(ours.medianImageSize == (try theirs.doubles("median_image_size_in_voxels")), comment)
    #expect(ours.spacing == (try theirs.doubles("spacing")), comment)
    #expect(ours.normalizationSchemes == (try theirs.strings("normalization_schemes")), comment)
    #expect(ours.useMaskForNorm == (try theirs.bools("use_mask_for_norm")), comment)
    #expect(ours.batchDice == (try theirs.bool("batch_dice")), comment)
    #expect(ours.network.className.hasSuffix(".\(try theirs.string("network"))"), comment)
    #expect(ours.network.features == (try theirs.ints("features")), comment)
    #expect(digits(ours.network.strides) == (try theirs.string("strides")), comment)
    #expect(digits(ours.network.kernels) == (try theirs.string("kernels")), comment)
    #expect(ours.network.convolutionsPerStage == (try theirs.ints("blocks")), comment)
    #expect(ours.network.convolutionsPerDecoderStage == (try theirs.ints("decoder")), comment)
  }

  /// nnU-Net's order of configurations; `JSONSerialization` forgets it.
  private static func inPlanOrder(_ left: String, _ right: String) -> Bool {
    let order = ["2d", "3d_lowres", "3d_fullres", "3d_cascade_fullres"]
    return (order.firstIndex(of: left) ?? 0) < (order.firstIndex(of: right) ?? 0)
  }
}

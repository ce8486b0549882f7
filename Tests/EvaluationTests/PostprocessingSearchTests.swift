import Datasets
import Files
import Foundation
import NIfTI
import TestSupport
import Testing

@testable import Evaluation

/// Protects the decision for which labels only the largest component is kept.
///
/// The reference is nnU-Net 2.8.1's decisions for made-up data sets with labels, regions, absent labels and an ignore
/// label: `Tests/Fixtures/postprocessing_cases.py` draws them and runs nnU-Net.
@Suite struct PostprocessingSearchTests {
  private static let shape = [6, 9, 10]

  /// A member that a file should have and has not.
  private struct NoValue: Error { let key: String }

  private static func fixture() throws -> [JSONFields] {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../Fixtures/postprocessing_cases.json")
    guard case .array(let sets) = try JSON.read(file) else { throw NoValue(key: file.path) }
    return try sets.map { try JSONFields($0, file: file.path) }
  }

  /// Runs `body` with what training leaves behind: a data set, and predictions of its cases in two folds.
  private func withResults(
    of set: JSONFields, _ body: (_ data: RawDataset, _ results: URL, _ description: DatasetDescription) throws -> Void
  ) throws {
    try withTemporaryFolder { root in
      let (data, results) = (root.appendingPathComponent("data"), root.appendingPathComponent("results"))
      guard case .array(let cases)? = set.object["cases"] else { throw NoValue(key: "cases") }
      for (number, example) in cases.enumerated() {
        let fields = try JSONFields(example, file: "case")
        func write(_ key: String, to file: URL) throws {
          let voxels = try fields.string(key).compactMap { $0.wholeNumberValue.map(Int32.init) }
          try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
          try NIfTIFile.write(
            labels: Volume(shape: Self.shape, voxels: voxels),
            geometry: Geometry(shape: Self.shape, spacing: [1, 1, 1]), to: file)
        }
        try write("reference", to: data.appendingPathComponent("imagesTr/case_\(number)_0000.nii.gz"))
        try write("reference", to: data.appendingPathComponent("labelsTr/case_\(number).nii.gz"))
        let validation = results.appendingPathComponent("fold_\(number % 2)/validation")
        try write("prediction", to: validation.appendingPathComponent("case_\(number).nii.gz"))
      }
      let description = try DatasetDescription(
        .object(
          JSONObject([
            ("channel_names", .object(JSONObject([("0", .string("T2"))]))), ("labels", set.object["labels"] ?? .null),
            ("numTraining", .integer(cases.count)), ("file_ending", .string(".nii.gz")),
            ("regions_class_order", .integers([1, 2, 3])),
          ])), file: "dataset.json")
      for folder in [data, results.appendingPathComponent("fold_0"), results.appendingPathComponent("fold_1")] {
        try description.write(to: folder.appendingPathComponent("dataset.json"))
        try Data("{}".utf8).write(to: folder.appendingPathComponent("plans.json"))
      }
      try body(RawDataset(data), results, description)
    }
  }

  @Test func decisions() throws {
    let sets = try Self.fixture()
    #expect(sets.count == 20)
    for (number, set) in sets.enumerated() {
      let comment = Comment(rawValue: "set \(number)")
      try withResults(of: set) { data, results, description in
        let found = try CrossValidation(
          results: results, folds: [.number(0), .number(1)], dataset: data, overwrite: false)
        #expect(JSONObject(found.rule.members)["postprocessing_kwargs"] == set.object["rule"], comment)

        // Every fold has the same rule, and the means are nnU-Net's.
        let files = [found.folder] + [0, 1].map { results.appendingPathComponent("fold_\($0)") }
        for folder in files {
          let file = folder.appendingPathComponent("postprocessing.json")
          #expect(try Postprocessing(contentsOf: file) == found.rule, comment)
        }
        let written = try JSONFields(
          JSON.read(found.folder.appendingPathComponent("postprocessing.json")), file: "postprocessing.json")
        guard case .array(let means)? = set.object["dice"] else { throw NoValue(key: "dice") }
        for (key, expected) in zip(["input_folder", "postprocessed"], means) {
          try compare(written.fields(key).fields("mean"), JSONFields(expected, file: "dice"), comment)
        }
      }
    }
  }

  private func compare(_ means: JSONFields, _ expected: JSONFields, _ comment: Comment) throws {
    #expect(means.object.keys == expected.object.keys, comment)
    for key in expected.object.keys {
      guard case .number(let dice)? = try means.fields(key).object["Dice"] else { throw NoValue(key: key) }
      if let reference = try? expected.double(key) {
        #expect(abs(dice - reference) < 1e-12, comment)
      } else {
        #expect(dice.isNaN, comment)
      }
    }
  }

  /// A fold that is not trained and a case that two folds have validated are refused, as by nnU-Net.
  @Test func refused() throws {
    try withResults(of: try #require(try Self.fixture().first)) { data, results, _ in
      func gather(_ folds: [Fold], overwrite: Bool = false) throws {
        _ = try CrossValidation(results: results, folds: folds, dataset: data, overwrite: overwrite)
      }
      #expect(throws: InputError.self) { try gather([.number(0), .number(2)]) }
      try gather([.number(0)])
      #expect(throws: InputError.self) { try gather([.number(0)]) }
      try gather([.number(0)], overwrite: true)
      try FileManager.default.copyItem(
        at: results.appendingPathComponent("fold_0/validation/case_0.nii.gz"),
        to: results.appendingPathComponent("fold_1/validation/case_0.nii.gz"))
      #expect(throws: InputError.self) { try gather([.number(0), .number(1)]) }
    }
  }
}

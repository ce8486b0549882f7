import Files
import Foundation
import NIfTI
import TestSupport
import Testing

@testable import Datasets

/// Protects reading nnU-Net's `postprocessing.json`, and what its steps do to a segmentation.
@Suite struct PostprocessingTests {
  /// The relevant members of a file that nnU-Net 2.8.1 wrote.
  private static let text = """
    {"input_folder": {"foreground_mean": {"Dice": 0.5}, "mean": {}}, "postprocessed": {"mean": {}},
     "postprocessing_fns": ["remove_all_but_largest_component_from_segmentation",
                            "remove_all_but_largest_component_from_segmentation"],
     "postprocessing_kwargs": [{"labels_or_regions": [1, 2]}, {"labels_or_regions": 2}]}
    """

  private func read(_ text: String) throws -> Postprocessing {
    try withTemporaryFolder { folder in
      try folder.put(text, at: "postprocessing.json")
      return try Postprocessing(contentsOf: folder.appendingPathComponent("postprocessing.json"))
    }
  }

  @Test func reading() throws {
    let rule = try read(Self.text)
    #expect(rule == Postprocessing(steps: [.init([1, 2]), .init([2], isLabel: true)]))
    #expect(try read(JSON.object(JSONObject(rule.members)).text) == rule)
    // Regions among labels, and a named background.
    let regions = try read(Self.text.replacing("[1, 2]}", with: "[[1, 2], 3], \"background_label\": 0}"))
    #expect(regions.steps[0] == .init([1, 2, 3]))
  }

  @Test(arguments: [
    ("[1, 2]}", "[-1]}"), ("[1, 2]}", "\"all\"}"), ("[1, 2]}", "[1], \"background_label\": 4}"),
    ("[1, 2]}", "[1], \"size\": 4}"), (", {\"labels_or_regions\": 2}", ""),
    ("\"remove_all_but_largest_component_from_segmentation\",", "\"erode\","),
  ])
  func refused(part: String, replacement: String) {
    #expect(throws: InputError.self) { try read(Self.text.replacing(part, with: replacement)) }
  }

  /// The largest component of labels 1 and 2 together is kept, and of label 2 in it the larger piece. No step has
  /// label 3.
  @Test func steps() throws {
    let labels = Volume<Int32>(shape: [1, 1, 14], voxels: [1, 2, 1, 2, 2, 0, 1, 1, 0, 3, 0, 2, 0, 3])
    let result = try read(Self.text).apply(to: labels)
    #expect(result.voxels == [1, 0, 1, 2, 2, 0, 0, 0, 0, 3, 0, 0, 0, 3])
    #expect(Postprocessing().apply(to: labels) == labels)
  }

  /// Models that are averaged must not differ in their rule.
  @Test func common() throws {
    try withTemporaryFolder { folder in
      let models = ["a", "b", "c"].map { ModelFolder(folder.appendingPathComponent($0)) }
      #expect(try Postprocessing.common(to: models) == nil)
      for name in ["a", "b"] { try folder.put(Self.text, at: "\(name)/postprocessing.json") }
      #expect(try Postprocessing.common(to: Array(models.prefix(2))) == read(Self.text))
      #expect(throws: InputError.self) { try Postprocessing.common(to: models) }
    }
  }
}

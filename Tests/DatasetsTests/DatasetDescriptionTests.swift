import Files
import Foundation
import Testing

@testable import Datasets

/// Protects the meaning of `dataset.json`: labels, regions, the ignore label, and refusal of what nnU-Net refuses.
@Suite struct DatasetDescriptionTests {
  static let plain =
    #"{"channel_names": {"0": "T2w"}, "labels": {"background": 0, "a": 1, "b": 2}, "#
    + #""numTraining": 3, "file_ending": ".nii.gz"}"#

  private func describe(_ text: String) throws -> DatasetDescription {
    try DatasetDescription(JSON.parse(Data(text.utf8), file: "dataset.json"), file: "dataset.json")
  }

  @Test func plainLabels() throws {
    let description = try describe(Self.plain)
    #expect(description.channelNames == ["T2w"])
    #expect(description.allLabels == [0, 1, 2])
    #expect(description.foregroundLabels == [1, 2])
    #expect(description.regions.map(\.name) == ["a", "b"])
    #expect(!description.hasRegions)
    #expect(description.outputChannels == 3)
    #expect(description.ignoreLabel == nil)
  }

  /// Regions keep the order of the file, which is the order of the outputs; the ignore label is not an output.
  @Test func regionsAndIgnore() throws {
    let description = try describe(
      #"{"channel_names": {"1": "T1", "0": "FLAIR"}, "labels": {"background": 0, "whole": [1, 2, 3], "core": [2, 3], "#
        + #""active": 3, "ignore": 4}, "regions_class_order": [1, 2, 3], "numTraining": 1, "file_ending": ".nii"}"#)
    #expect(description.channelNames == ["FLAIR", "T1"])
    #expect(description.hasRegions)
    #expect(description.regions.map(\.values) == [[1, 2, 3], [2, 3], [3]])
    #expect(description.outputChannels == 3)
    #expect(description.ignoreLabel == 4)
    #expect(description.allLabels == [0, 1, 2, 3])
  }

  @Test(arguments: [
    ("numTraining", #""numTraining": 3, "#, ""),
    ("numTraining", #": 3"#, #": "three""#),
    ("background", #""background": 0, "#, ""),
    ("labels", #""b": 2"#, #""b": 3"#),
    ("labels", #""b": 2"#, #""b": "two""#),
    ("labels", #""b": 2"#, #""b": -1"#),
    ("labels", #""b": 2"#, #""b": []"#),
    ("regions_class_order", #""b": 2"#, #""b": [1, 2]"#),
    ("ignore", #""b": 2"#, #""b": 2, "ignore": 5"#),
    ("channel_names", #"{"0": "T2w"}"#, "{}"),
    ("channel_names", #"{"0": "T2w"}"#, #"{"1": "T2w"}"#),
    ("file_ending", #"".nii.gz""#, #""""#),
  ])
  func refused(key: String, old: String, new: String) {
    let text = Self.plain.replacingOccurrences(of: old, with: new)
    #expect(text != Self.plain)
    #expect { try describe(text) } throws: { error in
      (error as? InputError)?.description.contains(key) == true
    }
  }
}

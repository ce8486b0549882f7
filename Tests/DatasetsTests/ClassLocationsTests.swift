import Files
import Foundation
import NIfTI
import Testing

@testable import Datasets

/// Protects the choice of the voxels that foreground patches are centered on: the expected ones were drawn with NumPy
/// from nnU-Net's lists.
@Suite struct ClassLocationsTests {
  static func labels() -> Volume<Int16> {
    let voxels = (0..<120).map { index -> Int16 in
      if index < 6 { return -1 }
      let remainder = index * 7 % 11
      return remainder < 3 ? 1 : remainder == 5 ? 2 : 0
    }
    return Volume(shape: [4, 5, 6], voxels: voxels)
  }

  private func description(_ labels: String) throws -> DatasetDescription {
    let text = #"{"channel_names": {"0": "T2w"}, "labels": \#(labels), "numTraining": 1, "file_ending": ".nii.gz"}"#
    return try DatasetDescription(JSON.parse(Data(text.utf8), file: "dataset.json"), file: "dataset.json")
  }

  @Test func labelsInOrder() throws {
    let locations = try ClassLocations.sample(
      Self.labels(), description(#"{"background": 0, "a": 1, "b": 2, "c": 3}"#))
    #expect(locations.map(\.values) == [[1], [2], [3]])
    #expect(locations.map { $0.voxels.count / 3 } == [31, 11, 0])
    #expect(locations[0].voxels.prefix(12) == [1, 0, 3, 1, 2, 2, 0, 3, 4, 0, 1, 5])
    #expect(locations[1].voxels.prefix(12) == [0, 1, 1, 2, 0, 2, 1, 3, 3, 3, 0, 5])
  }

  @Test func regionsAndAnnotated() throws {
    let text = #"{"background": 0, "whole": [1, 2], "core": 2, "ignore": 3}, "regions_class_order": [1, 2]"#
    let locations = try ClassLocations.sample(Self.labels(), description(text))
    #expect(locations.map(\.values) == [[1, 2], [2], [-1, 0, 1, 2]])
    #expect(locations.map { $0.voxels.count / 3 } == [42, 11, 120])
    #expect(locations[0].voxels.prefix(12) == [1, 2, 2, 3, 4, 3, 1, 1, 2, 2, 1, 5])
    #expect(locations[1].voxels.prefix(12) == [3, 4, 3, 0, 4, 5, 3, 0, 5, 2, 2, 1])
    #expect(locations[2].voxels.prefix(12) == [2, 1, 0, 1, 1, 3, 2, 4, 3, 2, 4, 0])
  }
}

import Files
import Foundation
import TestSupport
import Testing

@testable import Datasets

/// Protects the discovery of cases, and that errors name the file at fault.
@Suite struct RawDatasetTests {
  static func make(_ folder: URL, channels: Int = 2) throws {
    let names = (0..<channels).map { #""\#($0)": "c\#($0)""# }.joined(separator: ", ")
    try folder.put(
      #"{"channel_names": {\#(names)}, "labels": {"background": 0, "a": 1}, "numTraining": 2, "#
        + #""file_ending": ".nii.gz"}"#, at: "dataset.json")
    for name in ["b_2", "a_1"] {
      for channel in 0..<channels { try folder.put("", at: "imagesTr/\(name)_000\(channel).nii.gz") }
      try folder.put("", at: "labelsTr/\(name).nii.gz")
    }
  }

  private func expectError(naming part: String, _ change: (URL) throws -> Void) throws {
    try withTemporaryFolder { folder in
      try Self.make(folder)
      try change(folder)
      #expect { try RawDataset(folder) } throws: { error in
        (error as? InputError)?.description.contains(part) == true
      }
    }
  }

  @Test func casesInOrder() throws {
    try withTemporaryFolder { folder in
      try Self.make(folder)
      try folder.put("", at: "imagesTr/.DS_Store")
      try folder.put("", at: "imagesTr/readme.txt")
      let dataset = try RawDataset(folder)
      #expect(dataset.caseNames == ["a_1", "b_2"])
      #expect(dataset.cases[1].images.map(\.lastPathComponent) == ["b_2_0000.nii.gz", "b_2_0001.nii.gz"])
      #expect(dataset.cases[1].label?.lastPathComponent == "b_2.nii.gz")
      #expect(try dataset.groups() == nil)
    }
  }

  @Test func missingChannel() throws {
    try expectError(naming: "b_2_0000.nii.gz") {
      try FileManager.default.removeItem(at: $0.appendingPathComponent("imagesTr/b_2_0000.nii.gz"))
    }
  }

  @Test func surplusChannel() throws {
    try expectError(naming: "a_1_0002.nii.gz") { try $0.put("", at: "imagesTr/a_1_0002.nii.gz") }
  }

  @Test func missingLabel() throws {
    try expectError(naming: "labelsTr/a_1.nii.gz") {
      try FileManager.default.removeItem(at: $0.appendingPathComponent("labelsTr/a_1.nii.gz"))
    }
  }

  @Test func nameWithoutChannel() throws {
    try expectError(naming: "imagesTr/stray.nii.gz") { try $0.put("", at: "imagesTr/stray.nii.gz") }
  }

  @Test func wrongCount() throws {
    try expectError(naming: "numTraining") { folder in
      try FileManager.default.removeItem(at: folder.appendingPathComponent("imagesTr/a_1_0000.nii.gz"))
      try FileManager.default.removeItem(at: folder.appendingPathComponent("imagesTr/a_1_0001.nii.gz"))
    }
  }

  @Test func emptyFolder() throws {
    try expectError(naming: "imagesTr") { folder in
      try FileManager.default.removeItem(at: folder.appendingPathComponent("imagesTr"))
      try FileManager.default.createDirectory(
        at: folder.appendingPathComponent("imagesTr"), withIntermediateDirectories: false)
    }
    try withTemporaryFolder { folder in
      #expect(throws: InputError.self) { try RawDataset(folder) }
      #expect(throws: InputError.self) { try RawDataset(folder.appendingPathComponent("nowhere")) }
    }
  }

  /// The `dataset` map replaces the search; relative paths start at the data set's folder.
  @Test func casesFromTheMap() throws {
    try withTemporaryFolder { folder in
      try folder.put("", at: "elsewhere/image.nii.gz")
      try folder.put("", at: "elsewhere/label.nii.gz")
      try folder.put(
        #"{"channel_names": {"0": "CT"}, "labels": {"background": 0}, "numTraining": 1, "file_ending": ".nii.gz", "#
          + #""dataset": {"x": {"images": ["elsewhere/image.nii.gz"], "label": "elsewhere/label.nii.gz"}}}"#,
        at: "dataset.json")
      let dataset = try RawDataset(folder)
      #expect(dataset.caseNames == ["x"])
      #expect(dataset.cases[0].images[0].path == folder.appendingPathComponent("elsewhere/image.nii.gz").path)
    }
  }
}

import Files
import Foundation
import NIfTI
import TestSupport
import Testing

@testable import Datasets

/// Protects the integrity check: everything that can be wrong with a case is an error that names the file.
@Suite struct LoadedCaseTests {
  static func image(_ shape: [Int], _ spacing: [Double] = [1, 1, 1]) -> Image {
    let voxels = (0..<shape[0] * shape[1] * shape[2]).map { Float($0 % 17) }
    return Image(volume: Volume(shape: shape, voxels: voxels), geometry: Geometry(shape: shape, spacing: spacing))
  }

  /// One case of two channels and labels 0, 1, 2.
  static func make(_ folder: URL, shape: [Int] = [4, 5, 6]) throws {
    try folder.put(
      #"{"channel_names": {"0": "A", "1": "B"}, "labels": {"background": 0, "a": 1, "b": 2}, "numTraining": 1, "#
        + #""file_ending": ".nii.gz"}"#, at: "dataset.json")
    for channel in 0..<2 { try write(image(shape), folder, "imagesTr/x_000\(channel).nii.gz") }
    try writeLabels(folder, shape: shape) { Int32($0 % 3) }
  }

  static func write(_ image: Image, _ folder: URL, _ path: String) throws {
    let file = folder.appendingPathComponent(path)
    try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try NIfTIFile.write(image: image.volume, geometry: image.geometry, to: file)
  }

  static func writeLabels(
    _ folder: URL, shape: [Int], spacing: [Double] = [1, 1, 1], _ label: (Int) -> Int32
  ) throws {
    let file = folder.appendingPathComponent("labelsTr/x.nii.gz")
    try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    let volume = Volume(shape: shape, voxels: (0..<shape[0] * shape[1] * shape[2]).map(label))
    try NIfTIFile.write(labels: volume, geometry: Geometry(shape: shape, spacing: spacing), to: file)
  }

  private func expectError(naming file: String, _ change: (URL) throws -> Void) throws {
    try withTemporaryFolder { folder in
      try Self.make(folder)
      try change(folder)
      let dataset = try RawDataset(folder)
      for read in [{ _ = try dataset.checkIntegrity() }, { _ = try LoadedCase(dataset.cases[0], dataset.description) }]
      {
        #expect { try read() } throws: { error in
          (error as? InputError)?.subject.hasSuffix(file) == true
        }
      }
    }
  }

  @Test func soundCase() throws {
    try withTemporaryFolder { folder in
      try Self.make(folder)
      let dataset = try RawDataset(folder)
      try dataset.checkIntegrity()
      let loaded = try LoadedCase(dataset.cases[0], dataset.description)
      #expect(loaded.images.count == 2)
      #expect(loaded.images[1].volume == Self.image([4, 5, 6]).volume)
      #expect(loaded.labels?.voxels[4] == 1)
    }
  }

  @Test func differences() throws {
    try expectError(naming: "x_0001.nii.gz") { try Self.write(Self.image([4, 5, 7]), $0, "imagesTr/x_0001.nii.gz") }
    try expectError(naming: "x_0001.nii.gz") {
      try Self.write(Self.image([4, 5, 6], [1, 1, 1.01]), $0, "imagesTr/x_0001.nii.gz")
    }
    try expectError(naming: "x.nii.gz") { try Self.writeLabels($0, shape: [4, 6, 5]) { _ in 0 } }
    try expectError(naming: "x.nii.gz") { try Self.writeLabels($0, shape: [4, 5, 6], spacing: [2, 1, 1]) { _ in 0 } }
  }

  @Test func unknownLabel() throws {
    try expectError(naming: "x.nii.gz") { try Self.writeLabels($0, shape: [4, 5, 6]) { $0 == 7 ? 3 : 0 } }
  }

  @Test func damagedFile() throws {
    try expectError(naming: "x_0001.nii.gz") { try $0.put("no image", at: "imagesTr/x_0001.nii.gz") }
    try expectError(naming: "x.nii.gz") { try $0.put("", at: "labelsTr/x.nii.gz") }
  }

  /// Spacings may differ by rounding, as they do in headers of single precision.
  @Test func roundedSpacing() throws {
    try withTemporaryFolder { folder in
      try Self.make(folder)
      try Self.writeLabels(folder, shape: [4, 5, 6], spacing: [1.000001, 1, 1]) { _ in 0 }
      try RawDataset(folder).checkGeometry()
    }
  }

  /// A training on cases without a single voxel of foreground would learn nothing, and say so at its end.
  @Test func nothingToLearn() throws {
    try withTemporaryFolder { folder in
      try Self.make(folder)
      #expect(try RawDataset(folder).checkIntegrity() == ["x"])
      try Self.writeLabels(folder, shape: [4, 5, 6]) { _ in 0 }
      #expect(throws: InputError.self) { try RawDataset(folder).checkIntegrity() }
    }
  }
}

import Datasets
import Files
import Foundation
import NIfTI
import Testing

@testable import Planning

/// Protects what a fingerprint takes from a data set, and the refusal of unusable ones.
@Suite struct FingerprintTests {
  private func withFolder(_ body: (URL) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("hwsseg-\(UUID().uuidString)")
    for part in ["imagesTr", "labelsTr"] {
      try FileManager.default.createDirectory(
        at: folder.appendingPathComponent(part), withIntermediateDirectories: true)
    }
    defer { try? FileManager.default.removeItem(at: folder) }
    try body(folder)
  }

  /// A case that is zero but in 4 x 4 x 4 of its 8 x 8 x 8 voxels, and labeled in `foreground` of these.
  private func makeDataset(_ folder: URL, foreground: Int) throws {
    var image = Volume<Float>(shape: [8, 8, 8], repeating: 0)
    var labels = Volume<Int32>(shape: [8, 8, 8], repeating: 0)
    var count = 0
    for z in 2..<6 {
      for y in 2..<6 {
        for x in 2..<6 {
          image[z, y, x] = 5
          if count < foreground { labels[z, y, x] = 1 }
          count += 1
        }
      }
    }
    let geometry = Geometry(shape: [8, 8, 8], spacing: [3, 1, 2])
    try NIfTIFile.write(image: image, geometry: geometry, to: folder.appendingPathComponent("imagesTr/a_0000.nii"))
    try NIfTIFile.write(labels: labels, geometry: geometry, to: folder.appendingPathComponent("labelsTr/a.nii"))
    let text =
      #"{"channel_names": {"0": "T2"}, "labels": {"background": 0, "l": 1}, "numTraining": 1, "file_ending": ".nii"}"#
    try Data(text.utf8).write(to: folder.appendingPathComponent("dataset.json"))
  }

  @Test func extraction() throws {
    try withFolder { folder in
      try makeDataset(folder, foreground: 1)
      let fingerprint = try Fingerprint.extract(RawDataset(folder))
      #expect(fingerprint.spacings == [[3, 1, 2]])
      #expect(fingerprint.shapesAfterCrop == [[4, 4, 4]])
      #expect(fingerprint.medianRelativeSizeAfterCropping == 0.125)
      #expect(fingerprint.intensityProperties.count == 1)
      #expect(fingerprint.intensityProperties[0].mean == 5)
      #expect(fingerprint.intensityProperties[0].standardDeviation == 0)
    }
  }

  @Test func withoutForeground() throws {
    try withFolder { folder in
      try makeDataset(folder, foreground: 0)
      #expect(throws: InputError.self) { try Fingerprint.extract(RawDataset(folder)) }
    }
  }

  @Test(arguments: [
    "{}", "[]",
    #"{"spacings": [], "shapes_after_crop": [], "foreground_intensity_properties_per_channel": {}, "median_relative_size_after_cropping": 1}"#,
    #"{"spacings": [[1, 1, 1]], "shapes_after_crop": [], "foreground_intensity_properties_per_channel": {}, "median_relative_size_after_cropping": 1}"#,
    #"{"spacings": [[1, 1, 0]], "shapes_after_crop": [[1, 1, 1]], "foreground_intensity_properties_per_channel": {}, "median_relative_size_after_cropping": 1}"#,
    #"{"spacings": [[1, 1, 1]], "shapes_after_crop": [[1, 1]], "foreground_intensity_properties_per_channel": {}, "median_relative_size_after_cropping": 1}"#,
    #"{"spacings": [[1, 1, 1]], "shapes_after_crop": [[1, 1, 1]], "foreground_intensity_properties_per_channel": {"1": {}}, "median_relative_size_after_cropping": 1}"#,
  ])
  func refused(text: String) throws {
    try withFolder { folder in
      let file = folder.appendingPathComponent("dataset_fingerprint.json")
      try Data(text.utf8).write(to: file)
      #expect(throws: InputError.self) { try Fingerprint(contentsOf: file) }
    }
  }
}

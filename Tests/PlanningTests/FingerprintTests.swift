import Datasets
import Files
import Foundation
import NIfTI
import TestSupport
import Testing

@testable import Planning

/// Protects the extraction of fingerprints from data sets, and the refusal of unusable fingerprints.
@Suite struct FingerprintTests {
  /// One case of 8 × 8 × 8 voxels that is nonzero in a cube of 4 × 4 × 4, of which `foreground` voxels have a label.
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
    for part in ["imagesTr", "labelsTr"] {
      try FileManager.default.createDirectory(
        at: folder.appendingPathComponent(part), withIntermediateDirectories: true)
    }
    let geometry = Geometry(shape: [8, 8, 8], spacing: [3, 1, 2])
    try NIfTIFile.write(image: image, geometry: geometry, to: folder.appendingPathComponent("imagesTr/a_0000.nii"))
    try NIfTIFile.write(labels: labels, geometry: geometry, to: folder.appendingPathComponent("labelsTr/a.nii"))
    let text =
      #"{"channel_names": {"0": "T2"}, "labels": {"background": 0, "l": 1}, "numTraining": 1, "file_ending": ".nii"}"#
    try folder.put(text, at: "dataset.json")
  }

  @Test func extraction() throws {
    try withTemporaryFolder { folder in
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
    try withTemporaryFolder { folder in
      try makeDataset(folder, foreground: 0)
      #expect(throws: InputError.self) { try Fingerprint.extract(RawDataset(folder)) }
    }
  }

  private static func fingerprint(
    spacings: String = "[1, 1, 1]", shapes: String = "[1, 1, 1]", intensities: String = ""
  ) -> String {
    """
    {"spacings": [\(spacings)], "shapes_after_crop": [\(shapes)],
     "foreground_intensity_properties_per_channel": {\(intensities)}, "median_relative_size_after_cropping": 1}
    """
  }

  @Test(arguments: [
    "{}", "[]", fingerprint(spacings: "", shapes: ""), fingerprint(shapes: ""), fingerprint(spacings: "[1, 1, 0]"),
    fingerprint(shapes: "[1, 1]"), fingerprint(intensities: "\"1\": {}"),
  ])
  func refused(text: String) throws {
    try withTemporaryFolder { folder in
      try folder.put(text, at: "dataset_fingerprint.json")
      let file = folder.appendingPathComponent("dataset_fingerprint.json")
      #expect(throws: InputError.self) { try Fingerprint(contentsOf: file) }
    }
  }
}

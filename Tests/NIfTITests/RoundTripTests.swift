import Foundation
import Testing

@testable import NIfTI

/// What is written is what is read.
@Suite struct RoundTripTests {
  /// Labels and images keep their voxels and geometry in every kind of file.
  @Test(arguments: ["a.nii", "a.nii.gz", "a.hdr", "a.img", "a.hdr.gz", "a.img.gz"])
  func everyKindOfFile(name: String) throws {
    try withFolder { folder in
      let url = folder.appendingPathComponent(name)
      let geometry = Geometry(
        shape: [2, 3, 4], spacing: [3, 0.5, 0.25], affine: [-0.25, 0, 0, 7, 0, 0.5, 0, -8, 0, 0, 3, 9])
      let labels = Volume(shape: [2, 3, 4], voxels: (0..<24).map { Int32($0) })
      try NIfTIFile.write(labels: labels, geometry: geometry, to: url)
      let read = try NIfTIFile.readLabels(url)
      #expect(read.labels == labels)
      #expect(read.geometry.spacing == geometry.spacing)
      #expect(read.geometry.affine == geometry.affine)
      let image = Volume(shape: [2, 3, 4], voxels: (0..<24).map { Float($0) * 0.37 - 4 })
      try NIfTIFile.write(image: image, geometry: geometry, to: url)
      #expect(try NIfTIFile.read(url).volume == image)
    }
  }
}

/// Calls `body` with a folder of its own that is removed afterwards.
func withFolder(_ body: (URL) throws -> Void) throws {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent("NIfTITests-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  try body(folder)
}

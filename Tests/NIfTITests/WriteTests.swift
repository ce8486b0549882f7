import Files
import Foundation
import Synchronization
import TestSupport
import Testing

@testable import NIfTI

/// Protects written files: they read as what was written, and segmentations keep the header of their image.
@Suite struct WriteTests {
  /// Labels and images keep their voxels and geometry in every kind of file.
  @Test(arguments: ["a.nii", "a.nii.gz", "a.hdr", "a.img", "a.hdr.gz", "a.img.gz"])
  func everyKindOfFile(name: String) throws {
    try withTemporaryFolder { (folder) throws in
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

  /// uint8 up to 255 and uint16 above, and the voxels' bytes right after the header.
  @Test func labelTypes() throws {
    try withTemporaryFolder { (folder) throws in
      let url = folder.appendingPathComponent("a.nii")
      let geometry = Geometry(shape: [1, 1, 3], spacing: [1, 1, 1])
      try NIfTIFile.write(labels: Volume(shape: [1, 1, 3], voxels: [0, 1, 255]), geometry: geometry, to: url)
      var bytes = try Data(contentsOf: url)
      #expect(bytes.count == 352 + 3)
      #expect(Array(bytes[70..<74]) == [2, 0, 8, 0])
      #expect(Array(bytes[348...]) == [0, 0, 0, 0, 0, 1, 255])
      try NIfTIFile.write(labels: Volume(shape: [1, 1, 3], voxels: [0, 1, 256]), geometry: geometry, to: url)
      bytes = try Data(contentsOf: url)
      #expect(Array(bytes[70..<74]) == [0, 2, 16, 0])
      #expect(Array(bytes[352...]) == [0, 0, 1, 0, 0, 1])
    }
  }

  /// Files are compressed if and only if their names end in `.gz`.
  @Test func compression() throws {
    try withTemporaryFolder { (folder) throws in
      let geometry = Geometry(shape: [1, 1, 3], spacing: [1, 1, 1])
      for (name, first) in [("a.nii", UInt8(0x5c)), ("a.nii.gz", 0x1f)] {
        let url = folder.appendingPathComponent(name)
        try NIfTIFile.write(labels: Volume(shape: [1, 1, 3], repeating: 7), geometry: geometry, to: url)
        #expect(try Data(contentsOf: url).first == first)
      }
    }
  }

  /// A segmentation has its image's header byte for byte, in native byte order, except for the fields on voxels.
  @Test(arguments: [false, true], [false, true])
  func sourceHeader(isNIfTI2: Bool, isBigEndian: Bool) throws {
    var file = CraftedFile()
    file.isNIfTI2 = isNIfTI2
    file.dim[0] = 4
    // The transforms are not normalized and contradict each other, so that recomputed ones would differ.
    (file.qformCode, file.quaternion, file.offset) = (1, [0.1, 0.2, 0.30000001], [-90.1, 126.7, -72.3])
    (file.sformCode, file.units, file.slope, file.inter) = (2, 10, 2, 1)
    file.rows = [-0.5, 0.01, 0.02, 90.3, 0.03, 0.7499, 0.1, -126.1, 0.001, -0.02, 2.998, -71.9]
    file.pixdim = [-1, 0.5001, 0.7503, 3.0007, 2.5, 1, 1, 1]
    let machine = file.header
    file.isBigEndian = isBigEndian
    file.setVoxels((0..<24).map { Int16($0) }, datatype: 4)
    try withTemporaryFolder { (folder) throws in
      let (source, result) = (folder.appendingPathComponent("a.nii"), folder.appendingPathComponent("b.nii"))
      try file.data.write(to: source)
      let geometry = try NIfTIFile.readGeometry(source)
      #expect(geometry.sourceHeader == Array(machine))
      try NIfTIFile.write(labels: Volume(shape: [4, 3, 2], repeating: 1), geometry: geometry, to: result)
      let written = try Data(contentsOf: result)
      // The standard's offsets of dim; datatype and bitpix; vox_offset; slope, offset and display range.
      let ours: [Range<Int>] =
        isNIfTI2 ? [16..<80, 12..<16, 168..<176, 176..<208] : [40..<56, 70..<74, 108..<112, 112..<120, 124..<132]
      for i in machine.indices where !ours.contains(where: { $0.contains(i) }) {
        #expect(written[i] == machine[i], "byte \(i)")
      }
      var rest = try NIfTIFile.readGeometry(result)
      rest.sourceHeader = geometry.sourceHeader
      #expect(rest == geometry)
      #expect(try NIfTIFile.read(result).volume.voxels == Array(repeating: 1, count: 24))
    }
  }

  /// A header that no longer fits its geometry is not written back.
  @Test func changedGeometry() throws {
    try withFile(CraftedFile().data) { (url) throws in
      var geometry = try NIfTIFile.readGeometry(url)
      geometry.shape = [2, 2, 2]
      geometry.spacing = [1, 2, 4]
      geometry.affine = [4, 0, 0, 0, 0, 2, 0, 0, 0, 0, 1, 5]
      try NIfTIFile.write(labels: Volume(shape: [2, 2, 2], repeating: 0), geometry: geometry, to: url)
      let read = try NIfTIFile.readGeometry(url)
      #expect(read.shape == geometry.shape && read.spacing == geometry.spacing && read.affine == geometry.affine)
    }
  }

  /// In a header that we make, qform and sform agree.
  @Test func ownQform() throws {
    let affine = [0, 0.5, 0, 7, -0.25, 0, 0, -8, 0, 0, 3, 9]
    let geometry = Geometry(shape: [1, 1, 1], spacing: [3, 0.5, 0.25], affine: affine)
    var bytes = Header.bytes(of: geometry, type: .uint8, isSingleFile: true)
    bytes[254] = 0
    let byQform = try Header(bytes, of: "").affine
    #expect(zip(byQform, affine).allSatisfy { abs($0 - $1) < 1e-6 })
  }

  @Test func refusals() throws {
    try withTemporaryFolder { (folder) throws in
      let geometry = Geometry(shape: [1, 1, 2], spacing: [1, 1, 1])
      let good = Volume<Int32>(shape: [1, 1, 2], repeating: 0)
      let url = folder.appendingPathComponent("a.nii")
      for bad: [Int32] in [[0, -1], [0, 65536]] {
        #expect(throws: InputError.self) {
          try NIfTIFile.write(labels: Volume(shape: [1, 1, 2], voxels: bad), geometry: geometry, to: url)
        }
      }
      #expect(throws: InputError.self) {
        try NIfTIFile.write(labels: good, geometry: geometry, to: folder.appendingPathComponent("a.png"))
      }
      #expect(throws: InputError.self) {
        try NIfTIFile.write(labels: good, geometry: Geometry(shape: [1, 2, 1], spacing: [1, 1, 1]), to: url)
      }
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
    }
  }

  /// Many threads read and write at once.
  @Test func threads() throws {
    try withTemporaryFolder { (folder) throws in
      let right = Mutex(0)
      DispatchQueue.concurrentPerform(iterations: 16) { i in
        let url = folder.appendingPathComponent("\(i).nii.gz")
        let labels = Volume(shape: [16, 16, 16], voxels: (0..<4096).map { Int32($0 * (i + 1) % 251) })
        let geometry = Geometry(shape: [16, 16, 16], spacing: [1, 1, 1])
        guard (try? NIfTIFile.write(labels: labels, geometry: geometry, to: url)) != nil else { return }
        if (try? NIfTIFile.readLabels(url))?.labels == labels { right.withLock { $0 += 1 } }
      }
      #expect(right.withLock { $0 } == 16)
    }
  }
}

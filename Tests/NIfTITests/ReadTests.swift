import Foundation
import NIfTI
import TestSupport
import Testing

/// Protects the reader: it reads every version, byte order, voxel type and transform that the standard has.
@Suite struct ReadTests {
  /// Voxels and spacing are where the standard puts them, in both versions and byte orders, compressed or not.
  @Test(arguments: [false, true], [false, true])
  func versionsAndByteOrders(isNIfTI2: Bool, isBigEndian: Bool) throws {
    var file = CraftedFile()
    (file.isNIfTI2, file.isBigEndian) = (isNIfTI2, isBigEndian)
    let values: [Int16] = (0..<24).map { $0 * 100 - 500 }
    file.setVoxels(values, datatype: 4)
    for (name, data) in [("a.nii", file.data), ("a.nii.gz", gzip(file.data)), ("b.nii.gz", file.data)] {
      try withFile(data, name: name) { (url) throws in
        let image = try NIfTIFile.read(url)
        #expect(image.volume.shape == [4, 3, 2])
        #expect(image.volume.voxels == values.map { Float($0) })
        #expect(image.geometry.spacing == [3, 0.75, 0.5])
        #expect(image.geometry.affine == [0.5, 0, 0, 0, 0, 0.75, 0, 0, 0, 0, 3, 0])
        #expect(try NIfTIFile.readGeometry(url) == image.geometry)
      }
    }
  }

  /// Every real voxel type is read at its extremes, in both byte orders.
  @Test(arguments: [false, true])
  func voxelTypes(isBigEndian: Bool) throws {
    func check<T: FixedWidthInteger>(_ type: T.Type, _ datatype: Int) throws {
      var file = CraftedFile()
      file.isBigEndian = isBigEndian
      let extremes: [T] = [T.min, T.max, 0, 1, 77, 100]
      file.setVoxels((0..<24).map { extremes[$0 % 6] }, datatype: datatype)
      try withFile(file.data) { (url) throws in
        #expect(try NIfTIFile.read(url).volume.voxels == (0..<24).map { Float(extremes[$0 % 6]) }, "\(type)")
      }
    }
    try check(UInt8.self, 2)
    try check(Int16.self, 4)
    try check(Int32.self, 8)
    try check(Int8.self, 256)
    try check(UInt16.self, 512)
    try check(UInt32.self, 768)
    try check(Int64.self, 1024)
    try check(UInt64.self, 1280)

    let reals = (0..<24).map { Double($0) * 0.1 - 1 }
    for (datatype, isDouble) in [(16, false), (64, true)] {
      var file = CraftedFile()
      (file.isBigEndian, file.datatype) = (isBigEndian, datatype)
      file.voxels = reals.reduce(Data()) { $0 + (isDouble ? file.stored($1) : file.stored(Float($1))) }
      try withFile(file.data) { (url) throws in
        #expect(try NIfTIFile.read(url).volume.voxels == reals.map { Float($0) })
      }
    }
  }

  /// Scaling applies to images and labels; a slope of zero or NaN means none.
  @Test func scaling() throws {
    var file = CraftedFile()
    (file.slope, file.inter) = (2, 5)
    try withFile(file.data) { (url) throws in
      #expect(try NIfTIFile.read(url).volume.voxels == (0..<24).map { Float($0 * 2 + 5) })
      #expect(try NIfTIFile.readLabels(url).labels.voxels == (0..<24).map { Int32($0 * 2 + 5) })
    }
    for slope in [0, .nan] {
      (file.slope, file.inter) = (slope, 5)
      try withFile(file.data) { (url) throws in
        #expect(try NIfTIFile.read(url).volume.voxels == (0..<24).map { Float($0) })
      }
    }
  }

  /// The sform is preferred to the qform, and the qform to the spacing alone.
  @Test func affine() throws {
    var file = CraftedFile()
    // Half a turn about z, and a mirrored z axis by qfac.
    (file.qformCode, file.quaternion, file.offset) = (1, [0, 0, 1], [10, 20, 30])
    file.pixdim[0] = -1
    let turned: [Double] = [-0.5, 0, 0, 10, 0, -0.75, 0, 20, 0, 0, -3, 30]
    try withFile(file.data) { (url) throws in
      let affine = try NIfTIFile.readGeometry(url).affine
      #expect(zip(affine, turned).allSatisfy { abs($0 - $1) < 1e-12 })
    }
    file.sformCode = 4
    file.rows = [0, 0.75, 0, 1, 0.5, 0, 0, 2, 0, 0, 3, 4]
    try withFile(file.data) { (url) throws in #expect(try NIfTIFile.readGeometry(url).affine == file.rows) }
  }

  /// More than three axes are fine when the others have one element.
  @Test func furtherAxesOfOne() throws {
    var file = CraftedFile()
    file.dim = [7, 2, 3, 4, 1, 1, 1, 1]
    try withFile(file.data) { (url) throws in #expect(try NIfTIFile.read(url).volume.shape == [4, 3, 2]) }
  }

  /// Header extensions before the voxels are passed over.
  @Test func laterVoxels() throws {
    var file = CraftedFile()
    file.voxelOffset = 352 + 4096
    for data in [file.data, gzip(file.data)] {
      try withFile(data, name: "a.nii.gz") { (url) throws in
        #expect(try NIfTIFile.read(url).volume.voxels == (0..<24).map { Float($0) })
      }
    }
  }

  /// Spacing is in mm whatever the header's unit is, as ITK gives it.
  @Test func units() throws {
    var file = CraftedFile()
    for (unit, scale) in [(0, 1.0), (1, 1000), (2, 1), (3, 0.001)] {
      file.units = unit + 8
      try withFile(file.data) { (url) throws in
        #expect(try NIfTIFile.readGeometry(url).spacing == [3 * scale, 0.75 * scale, 0.5 * scale])
      }
    }
  }

  /// A pair is found by the name of either file, with one of them compressed or both.
  @Test func pairs() throws {
    var file = CraftedFile()
    (file.magic, file.voxelOffset) = ("ni1", 0)
    for (header, image) in [("a.hdr", "a.img"), ("a.hdr.gz", "a.img.gz"), ("a.hdr", "a.img.gz")] {
      try withTemporaryFolder { (folder) throws in
        let urls = [header, image].map { folder.appendingPathComponent($0) }
        try (header.hasSuffix(".gz") ? gzip(file.header) : file.header).write(to: urls[0])
        try (image.hasSuffix(".gz") ? gzip(file.voxels) : file.voxels).write(to: urls[1])
        for url in urls { #expect(try NIfTIFile.read(url).volume.voxels == (0..<24).map { Float($0) }) }
      }
    }
  }

  /// The description that `inspect` prints.
  @Test func description() throws {
    var file = CraftedFile()
    (file.isBigEndian, file.sformCode) = (true, 1)
    file.rows = [-0.5, 0, 0, 0, 0, -0.75, 0, 0, 0, 0, 3, 0]
    file.setVoxels((0..<24).map { UInt8($0 < 20 ? 0 : 3) }, datatype: 2)
    try withFile(gzip(file.data), name: "a.nii.gz") { (url) throws in
      let words = Dictionary(uniqueKeysWithValues: try NIfTIFile.describe(url))
      #expect(words["format"] == "NIfTI-1, compressed, big-endian")
      #expect(words["type"] == "uint8")
      #expect(words["shape (z, y, x)"] == "4 x 3 x 2")
      #expect(words["spacing (z, y, x)"] == "3 x 0.75 x 0.5 mm")
      #expect(words["orientation (x, y, z)"] == "LPS")
      #expect(words["description"] == "made by hand")
      #expect(words["mean"] == "0.5")
      #expect(words["voxels by value"] == "0: 20, 3: 4")
    }
  }
}

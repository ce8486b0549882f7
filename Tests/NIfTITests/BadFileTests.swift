import Files
import Foundation
import NIfTI
import TestSupport
import Testing

/// Protects the reader against bad files: each is an `InputError` that names it, never a crash or a large allocation.
@Suite struct BadFileTests {
  /// Expects both readers to refuse `data`.
  private func expectRefused(
    _ data: Data, name: String = "a.nii", found: String? = nil, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    try withFile(data, name: name) { (url) throws in
      for read in [{ _ = try NIfTIFile.read(url) }, { _ = try NIfTIFile.readLabels(url) }] {
        let error = #expect(throws: InputError.self, sourceLocation: sourceLocation) { try read() }
        #expect(error?.subject == url.path, sourceLocation: sourceLocation)
        if let found { #expect(error?.found.contains(found) == true, sourceLocation: sourceLocation) }
      }
    }
  }

  @Test func missingEmptyOrFolder() throws {
    try withTemporaryFolder { (folder) throws in
      let missing = folder.appendingPathComponent("b.nii.gz")
      #expect(throws: InputError.self) { try NIfTIFile.read(missing) }
      let error = #expect(throws: InputError.self) { try NIfTIFile.read(folder) }
      #expect(error?.found == "a folder")
    }
    try expectRefused(Data(), found: "an empty file")
    try expectRefused(gzip(Data()), name: "a.nii.gz", found: "does not begin with a NIfTI header")
  }

  @Test func notNIfTI() throws {
    let text = Data(String(repeating: "This is not a volume. ", count: 100).utf8)
    for name in ["a.nii", "a.nii.gz"] {
      try expectRefused(text, name: name, found: "does not begin with a NIfTI header")
    }
    try expectRefused(gzip(text), name: "a.nii.gz", found: "does not begin with a NIfTI header")
    var analyze = CraftedFile()
    analyze.magic = "\0\0\0"
    try expectRefused(analyze.data, found: "without NIfTI's signature")
    var other = CraftedFile()
    other.magic = "n+2"
    try expectRefused(other.data, found: "without NIfTI's signature")
  }

  /// A file that ends anywhere before its last voxel.
  @Test(arguments: [false, true])
  func truncated(isNIfTI2: Bool) throws {
    var file = CraftedFile()
    file.isNIfTI2 = isNIfTI2
    let data = file.data
    for count in [1, 3, 4, 100, 347, 348, 352] + [data.count - 1] {
      try expectRefused(data.prefix(count))
    }
    try expectRefused(data.dropLast(1), found: "room for at most 47 bytes")
    let packed = gzip(data)
    for count in 1..<packed.count { try expectRefused(packed.prefix(count), name: "a.nii.gz") }
    try expectRefused(gzip(data.dropLast(1)), name: "a.nii.gz", found: "room for at most 47 bytes")
  }

  /// Single flipped bytes in the compressed data and in the checksum.
  @Test func corruptGzip() throws {
    let packed = gzip(CraftedFile().data)
    for index in [packed.count / 2, packed.count - 1, packed.count - 5, packed.count - 8] {
      var damaged = packed
      damaged[index] ^= 0x55
      try expectRefused(damaged, name: "a.nii.gz", found: "gzip")
    }
  }

  @Test(arguments: [
    [0, 2, 3, 4, 1, 1, 1, 1], [8, 2, 3, 4, 1, 1, 1, 1], [-1, 2, 3, 4, 1, 1, 1, 1], [2, 2, 3, 1, 1, 1, 1, 1],
    [3, 0, 3, 4, 1, 1, 1, 1], [3, -2, 3, 4, 1, 1, 1, 1], [4, 2, 3, 4, 2, 1, 1, 1], [5, 2, 3, 4, 1, 3, 1, 1],
    [4, 2, 3, 4, 0, 1, 1, 1],
  ])
  func badShapes(dim: [Int]) throws {
    var file = CraftedFile()
    file.dim = dim
    try expectRefused(file.data)
    file.isNIfTI2 = true
    try expectRefused(file.data)
  }

  /// Headers that announce far more than the file can hold, plain and compressed; products that overflow 64 bits.
  @Test func hugeShapes() throws {
    var file = CraftedFile()
    file.dim = [3, 32767, 32767, 32767, 1, 1, 1, 1]
    try expectRefused(file.data, found: "room for at most")
    try expectRefused(gzip(file.data), name: "a.nii.gz", found: "room for at most")
    file.isNIfTI2 = true
    for length in [32768, 1 << 32, Int.max, Int.min] {
      file.dim = [3, length, length, length, 1, 1, 1, 1]
      try expectRefused(file.data, found: "voxels")
    }
  }

  @Test func badVoxelOffset() throws {
    var file = CraftedFile()
    for offset in [0, 100, -352, 352.5, 1e30, .nan, .infinity] {
      file.voxelOffset = 352
      var data = file.data
      data.replaceSubrange(108..<112, with: file.stored(Float(offset)))
      try expectRefused(data, found: "voxels that start at byte")
    }
    var data = file.data
    data.replaceSubrange(108..<112, with: file.stored(Float(1e6)))
    try expectRefused(data, found: "room for at most 0 bytes")
  }

  @Test(arguments: [0, -1, .nan, .infinity])
  func badSpacing(value: Double) throws {
    for axis in 1...3 {
      var file = CraftedFile()
      file.pixdim[axis] = value
      try expectRefused(file.data, found: "a voxel spacing of")
    }
  }

  /// A spacing that is a positive finite number in its own unit but not in mm.
  @Test(arguments: [(1e308, 1), (5e-324, 3)])
  func badSpacingInMillimeters(value: Double, unit: Int) throws {
    var file = CraftedFile()
    (file.isNIfTI2, file.units, file.sformCode) = (true, unit, 1)
    file.rows = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0]
    file.pixdim[2] = value
    try expectRefused(file.data, found: "a voxel spacing of")
  }

  @Test func badAffineAndScaling() throws {
    var file = CraftedFile()
    file.sformCode = 1
    file.rows[3] = .nan
    try expectRefused(file.data, found: "affine")
    // Two axes in the same direction, and an axis without length.
    for rows in [[1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0], [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0]] as [[Double]] {
      file.rows = rows
      try expectRefused(file.data, found: "one plane")
    }
    file = CraftedFile()
    (file.slope, file.inter) = (1, .infinity)
    try expectRefused(file.data, found: "scl_inter")
  }

  /// Complex, RGB and float128 voxels, and types that do not exist.
  @Test(arguments: [0, 1, 32, 128, 1536, 1792, 2304, 9999])
  func otherTypes(datatype: Int) throws {
    var file = CraftedFile()
    file.datatype = datatype
    try expectRefused(file.data, found: "voxels of type")
  }

  @Test func bitsThatContradictTheType() throws {
    var file = CraftedFile()
    file.bitpix = 32
    try expectRefused(file.data, found: "bitpix")
    file.isNIfTI2 = true
    try expectRefused(file.data, found: "bitpix")
  }

  @Test(arguments: [Float.nan, .infinity, -.infinity])
  func notFinite(value: Float) throws {
    var file = CraftedFile()
    file.datatype = 16
    file.voxels = (0..<24).reduce(Data()) { $0 + file.stored($1 == 13 ? value : Float($1)) }
    try expectRefused(file.data, found: "(x 1, y 0, z 2)")
    try withFile(file.data) { (url) throws in
      #expect(try NIfTIFile.describe(url).contains { $0 == ("not finite", "1 voxels") })
    }
  }

  @Test(arguments: [0.5, -1, 65536, 1e30])
  func badLabels(value: Float) throws {
    var file = CraftedFile()
    file.datatype = 16
    file.voxels = (0..<24).reduce(Data()) { $0 + file.stored($1 == 13 ? value : Float($1)) }
    try withFile(file.data) { (url) throws in
      let error = #expect(throws: InputError.self) { try NIfTIFile.readLabels(url) }
      #expect(error?.found.contains("(x 1, y 0, z 2)") == true)
      #expect(try NIfTIFile.read(url).volume.voxels[13] == value)
    }
  }

  @Test func pairWithoutItsOtherFile() throws {
    var file = CraftedFile()
    (file.magic, file.voxelOffset) = ("ni1", 0)
    try withFile(file.header, name: "a.hdr") { (url) throws in
      #expect(throws: InputError.self) { try NIfTIFile.read(url) }
    }
    try withFile(file.voxels, name: "a.img") { (url) throws in
      #expect(throws: InputError.self) { try NIfTIFile.read(url) }
    }
    try expectRefused(file.header, found: "voxels are in another file")
  }

  /// A header with some random bytes is read or refused, without a crash.
  @Test func randomHeaders() throws {
    var state: UInt64 = 1
    for round in 0..<200 {
      var file = CraftedFile()
      file.isNIfTI2 = round % 2 == 1
      var data = file.data
      for _ in 0..<(1 + round % 8) {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        data[Int(state >> 33) % file.header.count] = UInt8(truncatingIfNeeded: state >> 24)
      }
      try withFile(data) { (url) throws in
        do { _ = try NIfTIFile.describe(url) } catch is InputError {}
      }
    }
  }
}

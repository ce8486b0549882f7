import Foundation
import TestSupport

/// A NIfTI file made byte by byte with the offsets of the standard, so that the reader is not tested with our writer.
struct CraftedFile {
  var isNIfTI2 = false
  var isBigEndian = false
  var dim = [3, 2, 3, 4, 1, 1, 1, 1]
  var datatype = 4
  /// 0 where a writer leaves the field out.
  var bitpix = 0
  var pixdim: [Double] = [1, 0.5, 0.75, 3, 0, 0, 0, 0]
  /// `nil` for voxels that follow the header and its four extension bytes.
  var voxelOffset: Double?
  var slope = 0.0
  var inter = 0.0
  var units = 2
  var qformCode = 0
  var sformCode = 0
  var quaternion = [0.0, 0, 0]
  var offset = [0.0, 0, 0]
  var rows: [Double] = Array(repeating: 0, count: 12)
  var magic: String?
  /// The stored voxels in the file's byte order.
  var voxels = Data()

  /// 24 voxels 0, 1, 2, ... of type int16.
  init() { voxels = (0..<24).reduce(Data()) { $0 + stored(Int16($1)) } }

  func stored<T: FixedWidthInteger>(_ value: T) -> Data {
    withUnsafeBytes(of: isBigEndian ? value.bigEndian : value.littleEndian) { Data($0) }
  }
  func stored(_ value: Double) -> Data { stored(value.bitPattern) }
  func stored(_ value: Float) -> Data { stored(value.bitPattern) }

  mutating func setVoxels<T: FixedWidthInteger>(_ values: [T], datatype: Int) {
    self.datatype = datatype
    voxels = values.reduce(Data()) { $0 + stored($1) }
  }

  var header: Data { isNIfTI2 ? header2 : header1 }

  var data: Data {
    var data = header
    data.append(Data(count: max(0, Int(voxelStart) - data.count)))
    return data + voxels
  }

  private var voxelStart: Double { voxelOffset ?? (isNIfTI2 ? 544 : 352) }

  private var header1: Data {
    var data = Data(count: 348)
    func put(_ bytes: Data, _ at: Int) { data.replaceSubrange(at..<at + bytes.count, with: bytes) }
    put(stored(Int32(348)), 0)
    for i in 0..<8 { put(stored(Int16(dim[i])), 40 + 2 * i) }
    put(stored(Int16(datatype)), 70)
    put(stored(Int16(bitpix)), 72)
    for i in 0..<8 { put(stored(Float(pixdim[i])), 76 + 4 * i) }
    put(stored(Float(voxelStart)), 108)
    put(stored(Float(slope)), 112)
    put(stored(Float(inter)), 116)
    put(Data([UInt8(units)]), 123)
    put(Data("made by hand".utf8), 148)
    put(stored(Int16(qformCode)), 252)
    put(stored(Int16(sformCode)), 254)
    for (i, value) in (quaternion + offset + rows).enumerated() { put(stored(Float(value)), 256 + 4 * i) }
    put(Data((magic ?? "n+1").utf8), 344)
    return data
  }

  private var header2: Data {
    var data = Data(count: 540)
    func put(_ bytes: Data, _ at: Int) { data.replaceSubrange(at..<at + bytes.count, with: bytes) }
    put(stored(Int32(540)), 0)
    put(Data((magic ?? "n+2").utf8) + Data([0, 13, 10, 26, 10]), 4)
    put(stored(Int16(datatype)), 12)
    put(stored(Int16(bitpix)), 14)
    for i in 0..<8 { put(stored(Int64(dim[i])), 16 + 8 * i) }
    for i in 0..<8 { put(stored(pixdim[i]), 104 + 8 * i) }
    put(stored(Int64(voxelStart)), 168)
    put(stored(slope), 176)
    put(stored(inter), 184)
    put(Data("made by hand".utf8), 240)
    put(stored(Int32(qformCode)), 344)
    put(stored(Int32(sformCode)), 348)
    for (i, value) in (quaternion + offset + rows).enumerated() { put(stored(value), 352 + 8 * i) }
    put(stored(Int32(units)), 500)
    return data
  }
}

/// Compresses `data` as gzip does.
func gzip(_ data: Data) -> Data { Data(TestSupport.gzip([UInt8](data))) }

/// Runs `body` with a file in a folder that is removed afterwards.
func withFile(_ data: Data, name: String = "a.nii", _ body: (URL) throws -> Void) throws {
  try withTemporaryFolder { (folder) throws in
    let url = folder.appendingPathComponent(name)
    try data.write(to: url)
    try body(url)
  }
}

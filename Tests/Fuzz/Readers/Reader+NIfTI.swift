import CNIfTI
import Foundation
import NIfTI
import TestSupport

extension Reader {
  /// Volumes in one file, compressed or not, and in a pair.
  static var nifti: [(name: String, make: (Workbench) throws -> Reader)] {
    [
      (
        "nii",
        { bench in
          Reader("nii", seeds: try volumes(bench), textShare: 0) { try use(bench.put($0, "a.nii"), bench) }
        }
      ),
      (
        "nii.gz",
        { bench in
          Reader("nii.gz", seeds: try volumes(bench).map({ gzip($0, level: 1) }), textShare: 0) {
            try use(bench.put($0, "a.nii.gz"), bench)
          }
        }
      ),
      (
        // Damaged bytes of a gzip file hardly ever get past its checksum; here the damage is inside.
        "nii-in-gz",
        { bench in
          Reader("nii-in-gz", seeds: try volumes(bench), textShare: 0) {
            try use(bench.put(gzip($0, level: 1), "a.nii.gz"), bench)
          }
        }
      ),
      (
        "hdr+img",
        { bench in
          Reader("hdr+img", seeds: try pairs(bench), textShare: 0) { bytes in
            // The header and behind it the voxels.
            let length = bytes.count >= 2 && bytes[0] == 28 && bytes[1] == 2 ? 540 : 348
            try bench.put(Array(bytes.dropFirst(length)), "a.img")
            try use(bench.put(Array(bytes.prefix(length)), "a.hdr"), bench)
          }
        }
      ),
    ]
  }

  /// Reads a file in every way, compares its grid with itself, and writes what was read.
  private static func use(_ url: URL, _ bench: Workbench) throws {
    _ = try NIfTIFile.describe(url)
    let geometry = try NIfTIFile.readGeometry(url)
    try geometry.check(agreesWith: geometry, file: url, other: url, advice: "")
    if let found = try? NIfTIFile.readLabels(url) {
      try NIfTIFile.write(labels: found.labels, geometry: found.geometry, to: bench.file("labels.nii"))
    }
    let image = try NIfTIFile.read(url)
    guard image.volume.voxels.count == image.volume.shape.reduce(1, *) else { throw WrongResult("voxels missing") }
    try NIfTIFile.write(image: image.volume, geometry: image.geometry, to: bench.file("image.nii"))
    guard try NIfTIFile.readGeometry(bench.file("image.nii")).shape == geometry.shape else {
      throw WrongResult("another shape after writing")
    }
  }

  private static let geometry = Geometry(shape: [3, 4, 5], spacing: [3, 1, 0.75])

  /// Volumes of every voxel type, of both versions and both byte orders.
  static func volumes(_ bench: Workbench) throws -> [[UInt8]] {
    let labels = Volume<Int32>(shape: [3, 4, 5], voxels: (0..<60).map { Int32($0 % 3) })
    let image = Volume<Float>(shape: [3, 4, 5], voxels: (0..<60).map { Float($0) / 7 })
    let uint8 = try bench.bytes("seed.nii") { try NIfTIFile.write(labels: labels, geometry: geometry, to: $0) }
    let float32 = try bench.bytes("seed.nii") { try NIfTIFile.write(image: image, geometry: geometry, to: $0) }
    return [uint8, float32] + [Int16(4), 8, 64, 256, 512, 768, 1024, 1280].map { header1($0, voxels: 512) }
      + [swapped(header1(4, voxels: 512))] + [header2(4, voxels: 512), header2(64, voxels: 512)]
  }

  private static func pairs(_ bench: Workbench) throws -> [[UInt8]] {
    let image = Volume<Float>(shape: [3, 4, 5], voxels: (0..<60).map { Float($0) / 7 })
    let header = try bench.bytes("seed.hdr") { try NIfTIFile.write(image: image, geometry: geometry, to: $0) }
    let voxels = try [UInt8](Data(contentsOf: bench.file("seed.img")))
    return [header + voxels]
  }

  /// A NIfTI-1 file with a scaling, a qform and an sform.
  private static func header1(_ datatype: Int16, voxels: Int) -> [UInt8] {
    var header = nifti_1_header()
    header.sizeof_hdr = 348
    header.dim = (3, 5, 4, 3, 1, 1, 1, 1)
    header.datatype = datatype
    header.pixdim = (-1, 0.75, 1, 3, 0, 0, 0, 0)
    header.vox_offset = 352
    (header.scl_slope, header.scl_inter) = (0.5, 10)
    header.xyzt_units = 2
    (header.qform_code, header.sform_code) = (1, 2)
    (header.quatern_b, header.quatern_c, header.quatern_d) = (0.1, 0.2, 0.3)
    (header.srow_x, header.srow_y, header.srow_z) = ((0.75, 0, 0, 9), (0, 1, 0, 8), (0, 0, 3, 7))
    header.magic = (110, 43, 49, 0)
    return withUnsafeBytes(of: header) { Array($0[..<348]) } + Array(repeating: 0, count: 4 + voxels)
  }

  /// A NIfTI-2 file.
  private static func header2(_ datatype: Int16, voxels: Int) -> [UInt8] {
    var header = nifti_2_header()
    header.sizeof_hdr = 540
    withUnsafeMutableBytes(of: &header.magic) { $0.copyBytes(from: [110, 43, 50, 0, 13, 10, 26, 10]) }
    header.dim = (3, 5, 4, 3, 1, 1, 1, 1)
    header.datatype = datatype
    header.pixdim = (1, 0.75, 1, 3, 0, 0, 0, 0)
    header.vox_offset = 544
    header.scl_slope = 1
    header.xyzt_units = 2
    header.qform_code = 1
    return withUnsafeBytes(of: header) { Array($0[..<540]) } + Array(repeating: 0, count: 4 + voxels)
  }

  /// A NIfTI-1 file in the other byte order.
  private static func swapped(_ file: [UInt8]) -> [UInt8] {
    var file = file
    file.withUnsafeMutableBytes {
      nifti_swap_as_nifti1($0.baseAddress?.assumingMemoryBound(to: nifti_1_header.self))
    }
    return file
  }
}

/// A reader that accepts a file and returns something else than it holds.
struct WrongResult: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}

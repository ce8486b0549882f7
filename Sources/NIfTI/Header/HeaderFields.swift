import CNIfTI

/// The unchecked fields of a header, with those of NIfTI-1 converted to the types of NIfTI-2.
struct HeaderFields {
  let magic: String
  let dim: [Int]
  let datatype: Int16
  let bitpix: Int16
  let pixdim: [Double]
  let voxelOffset: Double
  let slope: Double
  let inter: Double
  let qformCode: Int
  let sformCode: Int
  let units: Int
  let description: String
  private let quaternion: [Double]
  private let offset: [Double]
  private let rows: [Double]

  /// Reads the fields.
  ///
  /// - Parameter bytes: A header of 348 or 540 bytes in the machine's byte order.
  init(_ bytes: [UInt8]) {
    if bytes.count == 540 {
      let h = bytes.withUnsafeBytes { $0.loadUnaligned(as: nifti_2_header.self) }
      magic = text(h.magic)
      dim = elements(h.dim, of: Int64.self).map { Int($0) }
      (datatype, bitpix) = (h.datatype, h.bitpix)
      pixdim = elements(h.pixdim, of: Double.self)
      voxelOffset = Double(h.vox_offset)
      (slope, inter) = (h.scl_slope, h.scl_inter)
      (qformCode, sformCode, units) = (Int(h.qform_code), Int(h.sform_code), Int(h.xyzt_units))
      description = text(h.descrip)
      quaternion = [h.quatern_b, h.quatern_c, h.quatern_d]
      offset = [h.qoffset_x, h.qoffset_y, h.qoffset_z]
      rows = [h.srow_x, h.srow_y, h.srow_z].flatMap { elements($0, of: Double.self) }
    } else {
      let h = bytes.withUnsafeBytes { $0.loadUnaligned(as: nifti_1_header.self) }
      magic = text(h.magic)
      dim = elements(h.dim, of: Int16.self).map { Int($0) }
      (datatype, bitpix) = (h.datatype, h.bitpix)
      pixdim = elements(h.pixdim, of: Float.self).map { Double($0) }
      voxelOffset = Double(h.vox_offset)
      (slope, inter) = (Double(h.scl_slope), Double(h.scl_inter))
      (qformCode, sformCode, units) = (Int(h.qform_code), Int(h.sform_code), Int(h.xyzt_units))
      description = text(h.descrip)
      quaternion = [Double(h.quatern_b), Double(h.quatern_c), Double(h.quatern_d)]
      offset = [Double(h.qoffset_x), Double(h.qoffset_y), Double(h.qoffset_z)]
      rows = [h.srow_x, h.srow_y, h.srow_z].flatMap { elements($0, of: Float.self).map { Double($0) } }
    }
  }

  /// The map from index (x, y, z) to world coordinates: the sform if there is one, else the qform,
  /// else only the spacing.
  var affine: [Double] {
    if sformCode > 0 { return rows }
    guard qformCode > 0 else { return [pixdim[1], 0, 0, 0, 0, pixdim[2], 0, 0, 0, 0, pixdim[3], 0] }
    let matrix = nifti_quatern_to_dmat44(
      quaternion[0], quaternion[1], quaternion[2], offset[0], offset[1], offset[2], pixdim[1], pixdim[2], pixdim[3],
      pixdim[0] < 0 ? -1 : 1)
    return Array(elements(matrix, of: Double.self)[0..<12])
  }
}

/// The elements of a C array, which Swift imports as a tuple.
private func elements<Tuple, Element>(_ tuple: Tuple, of type: Element.Type) -> [Element] {
  withUnsafeBytes(of: tuple) { Array($0.bindMemory(to: type)) }
}

/// The text of a C character array, up to its first zero.
private func text<Tuple>(_ tuple: Tuple) -> String {
  String(decoding: elements(tuple, of: UInt8.self).prefix { $0 != 0 }, as: UTF8.self)
}

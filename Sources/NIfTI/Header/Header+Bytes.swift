import CNIfTI

extension Header {
  /// The header to write with voxels of a geometry.
  ///
  /// It is the header of the file that the geometry was read from, with new values for shape, voxel
  /// type, scaling, display range and voxel offset. Without such a file, or when its header no
  /// longer matches the geometry because the volume was cropped or resampled, it is a new NIfTI-1
  /// header.
  static func bytes(of geometry: Geometry, type: VoxelType, isSingleFile: Bool) -> [UInt8] {
    var source = geometry.sourceHeader ?? []
    if (try? Header(source, of: ""))?.geometry != geometry { source = [] }
    let shape = geometry.shape
    if source.count == lengths[1] {
      var header = source.withUnsafeBytes { $0.loadUnaligned(as: nifti_2_header.self) }
      header.dim = (3, Int64(shape[2]), Int64(shape[1]), Int64(shape[0]), 1, 1, 1, 1)
      (header.datatype, header.bitpix) = (type.rawValue, Int16(8 * type.size))
      (header.scl_slope, header.scl_inter, header.cal_min, header.cal_max) = (1, 0, 0, 0)
      header.vox_offset = isSingleFile ? 544 : 0
      withUnsafeMutableBytes(of: &header.magic) { $0[1] = isSingleFile ? plus : letter }
      return withUnsafeBytes(of: header) { Array($0[0..<lengths[1]]) }
    }
    var header =
      source.isEmpty ? newHeader(geometry) : source.withUnsafeBytes { $0.loadUnaligned(as: nifti_1_header.self) }
    header.dim = (3, Int16(shape[2]), Int16(shape[1]), Int16(shape[0]), 1, 1, 1, 1)
    (header.datatype, header.bitpix) = (type.rawValue, Int16(8 * type.size))
    (header.scl_slope, header.scl_inter, header.cal_min, header.cal_max) = (1, 0, 0, 0)
    header.vox_offset = isSingleFile ? 352 : 0
    withUnsafeMutableBytes(of: &header.magic) { $0[1] = isSingleFile ? plus : letter }
    return withUnsafeBytes(of: header) { Array($0[0..<lengths[0]]) }
  }

  /// The second character of `magic`: "n+1" is a single file, "ni1" a pair.
  private static let plus = UInt8(ascii: "+")
  private static let letter = UInt8(ascii: "i")

  /// A NIfTI-1 header in mm with the geometry's spacing, and its affine as the sform and, as far as
  /// a quaternion can express it, as the qform.
  private static func newHeader(_ geometry: Geometry) -> nifti_1_header {
    let (a, s) = (geometry.affine, geometry.spacing)
    var header = nifti_1_header()
    header.sizeof_hdr = 348
    header.regular = CChar(UInt8(ascii: "r"))
    header.magic = (CChar(UInt8(ascii: "n")), CChar(plus), CChar(UInt8(ascii: "1")), 0)
    header.xyzt_units = 2
    (header.qform_code, header.sform_code) = (1, 1)
    header.srow_x = (Float(a[0]), Float(a[1]), Float(a[2]), Float(a[3]))
    header.srow_y = (Float(a[4]), Float(a[5]), Float(a[6]), Float(a[7]))
    header.srow_z = (Float(a[8]), Float(a[9]), Float(a[10]), Float(a[11]))
    var (b, c, d, x, y, z, qfac) = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0)
    nifti_dmat44_to_quatern(
      nifti_dmat44(m: ((a[0], a[1], a[2], a[3]), (a[4], a[5], a[6], a[7]), (a[8], a[9], a[10], a[11]), (0, 0, 0, 1))),
      &b, &c, &d, &x, &y, &z, nil, nil, nil, &qfac)
    (header.quatern_b, header.quatern_c, header.quatern_d) = (Float(b), Float(c), Float(d))
    (header.qoffset_x, header.qoffset_y, header.qoffset_z) = (Float(x), Float(y), Float(z))
    header.pixdim = (Float(qfac), Float(s[2]), Float(s[1]), Float(s[0]), 0, 0, 0, 0)
    return header
  }
}

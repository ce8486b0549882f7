import CNIfTI

extension VolumeReader {
  /// Names and values of the header's fields, for people.
  var description: [(String, String)] {
    var format = header.isNIfTI2 ? "NIfTI-2" : "NIfTI-1"
    format += header.isSingleFile ? "" : ", header and voxels apart"
    format += file.isCompressed ? ", compressed" : ""
    format += (header.isSwapped == (1.littleEndian == 1)) ? ", big-endian" : ", little-endian"
    let isUnscaled = header.slope == 1 && header.inter == 0
    var entries = [
      ("format", format),
      ("type", "\(header.type)"),
      ("scaling", isUnscaled ? "none" : "\(number(header.slope)) * stored + \(number(header.inter))"),
      ("shape (z, y, x)", header.shape.map { "\($0)" }.joined(separator: " x ")),
      ("spacing (z, y, x)", header.spacing.map(number).joined(separator: " x ") + " mm"),
      ("orientation (x, y, z)", header.orientation),
      ("affine", stride(from: 0, to: 12, by: 4).map { row($0) }.joined(separator: "; ")),
      ("qform", form(header.qformCode)),
      ("sform", form(header.sformCode)),
      ("units", String(cString: nifti_units_string(Int32(header.units & 7)))),
    ]
    if !header.description.isEmpty { entries.append(("description", header.description)) }
    return entries
  }

  private func form(_ code: Int) -> String {
    "\(code) (\(String(cString: nifti_xform_string(Int32(clamping: code)))))"
  }

  private func row(_ start: Int) -> String {
    header.affine[start..<start + 4].map(number).joined(separator: " ")
  }
}

extension Header {
  /// The side of the patient to which each index increases, x first, such as RAS or LPS.
  ///
  /// An axis whose direction the affine does not tell is a question mark.
  var orientation: String {
    let a = affine
    var (i, j, k): (Int32, Int32, Int32) = (0, 0, 0)
    nifti_dmat44_to_orientation(
      nifti_dmat44(m: ((a[0], a[1], a[2], a[3]), (a[4], a[5], a[6], a[7]), (a[8], a[9], a[10], a[11]), (0, 0, 0, 1))),
      &i, &j, &k)
    // NIFTI_L2R, R2L, P2A, A2P, I2S, S2I are 1 to 6.
    let letters = Array("?RLAPSI")
    return String([i, j, k].map { (0...6).contains($0) ? letters[Int($0)] : "?" })
  }
}

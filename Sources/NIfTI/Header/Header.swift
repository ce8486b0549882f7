import CNIfTI
import Files

/// A NIfTI-1 or NIfTI-2 header. Every field that the program uses has been checked.
struct Header {
  /// The length of a header in bytes, in NIfTI-1 and in NIfTI-2.
  static let lengths = [348, 540]

  let isNIfTI2: Bool
  /// Whether the file's byte order differs from the machine's.
  let isSwapped: Bool
  /// Whether the voxels follow the header in the same file.
  let isSingleFile: Bool
  /// Number of voxels along z, y and x.
  let shape: [Int]
  let type: VoxelType
  /// The position of the first voxel in its file, in bytes.
  let voxelOffset: Int
  /// With `inter`, the intensity scaling: value = `slope` * stored + `inter`. Without scaling they
  /// are 1 and 0.
  let slope: Double
  let inter: Double
  /// Distance between voxel centers along z, y and x, in mm.
  let spacing: [Double]
  /// The map from index (x, y, z) to mm: three rows of four numbers.
  let affine: [Double]
  let qformCode: Int
  let sformCode: Int
  let units: Int
  /// The text of the field `descrip`.
  let description: String
  /// The whole header in the machine's byte order.
  let bytes: [UInt8]

  /// The size of all voxels in their file, in bytes.
  var voxelBytes: Int { shape[0] * shape[1] * shape[2] * type.size }

  /// The shape as the header states it, x first, for messages.
  var shapeText: String { shape.reversed().map { "\($0)" }.joined(separator: " x ") }

  var geometry: Geometry { Geometry(shape: shape, spacing: spacing, affine: affine, sourceHeader: bytes) }

  /// Reads and checks a header.
  ///
  /// - Parameters:
  ///   - start: The first bytes of the file. Fewer than a header has are an error, more are ignored.
  ///   - file: The name of the file, for error messages.
  /// - Throws: `InputError` when the bytes are not a valid header of a single 3-D volume of real
  ///   voxels.
  init(_ start: [UInt8], of file: String) throws {
    let announced = Header.length(start)
    guard let length = announced, start.count >= length else {
      throw InputError(
        file,
        found: announced == nil ? "a file that does not begin with a NIfTI header" : "a truncated header",
        expected: "a NIfTI-1 or NIfTI-2 volume",
        advice: "Convert files of other formats first; download a broken file again.")
    }
    isNIfTI2 = length == 540
    (bytes, isSwapped) = Header.inMachineOrder(Array(start[0..<length]))
    let fields = HeaderFields(bytes)
    switch fields.magic {
    case isNIfTI2 ? "n+2" : "n+1": isSingleFile = true
    case isNIfTI2 ? "ni2" : "ni1": isSingleFile = false
    default:
      throw InputError(
        file, found: "a header without NIfTI's signature", expected: "a NIfTI-1 or NIfTI-2 volume",
        advice: "Convert files of Analyze 7.5 and other formats first.")
    }
    shape = try Header.shape(fields.dim, of: file)
    type = try Header.voxelType(fields, of: file)
    voxelOffset = try Header.voxelOffset(fields, earliest: isSingleFile ? length : 0, of: file)
    (slope, inter) = try Header.scaling(fields, of: file)
    let scale = Header.millimeters(units: fields.units)
    spacing = try Header.spacing(fields, scale: scale, of: file)
    affine = try Header.affine(fields, scale: scale, of: file)
    qformCode = fields.qformCode
    sformCode = fields.sformCode
    units = fields.units
    description = fields.description
  }

  /// The bytes of a header in the machine's byte order, and whether they had to be swapped.
  private static func inMachineOrder(_ bytes: [UInt8]) -> (bytes: [UInt8], isSwapped: Bool) {
    var bytes = bytes
    let isSwapped = bytes.withUnsafeBytes { $0.loadUnaligned(as: Int32.self) } != Int32(bytes.count)
    guard isSwapped else { return (bytes, false) }
    let isNIfTI2 = bytes.count == 540
    bytes.withUnsafeMutableBytes { raw in
      // libnifti swaps in place. The array's memory is aligned for any type.
      if isNIfTI2 {
        nifti_swap_as_nifti2(raw.baseAddress?.assumingMemoryBound(to: nifti_2_header.self))
      } else {
        nifti_swap_as_nifti1(raw.baseAddress?.assumingMemoryBound(to: nifti_1_header.self))
      }
    }
    return (bytes, true)
  }

  private static func voxelType(_ fields: HeaderFields, of file: String) throws -> VoxelType {
    guard let type = VoxelType(rawValue: fields.datatype) else {
      let name = String(cString: nifti_datatype_to_string(Int32(fields.datatype)))
      throw InputError(
        file, found: "voxels of type \(name) (NIfTI code \(fields.datatype))",
        expected: "real voxels: integers of 8 to 64 bits, float32 or float64", advice: "Convert the volume first.")
    }
    // Some writers leave the field at 0.
    guard fields.bitpix == 0 || Int(fields.bitpix) == 8 * type.size else {
      throw InputError(
        file, found: "\(fields.bitpix) bits in a voxel (bitpix)",
        expected: "\(8 * type.size), which follows from datatype \(fields.datatype)", advice: "The header is damaged.")
    }
    return type
  }

  private static func voxelOffset(_ fields: HeaderFields, earliest: Int, of file: String) throws -> Int {
    let offset = fields.voxelOffset
    guard offset >= Double(earliest), offset <= 0x1p52, offset == offset.rounded() else {
      throw InputError(
        file, found: "voxels that start at byte \(offset)", expected: "byte \(earliest) or later",
        advice: "The header is damaged.")
    }
    return Int(offset)
  }

  private static func scaling(_ fields: HeaderFields, of file: String) throws -> (slope: Double, inter: Double) {
    // In the standard, a slope of 0 means no scaling. As in nibabel, so do NaN and infinity.
    guard fields.slope.isFinite, fields.slope != 0 else { return (1, 0) }
    guard fields.inter.isFinite else {
      throw InputError(
        file, found: "an intensity offset (scl_inter) of \(fields.inter)", expected: "a finite number",
        advice: "The header is damaged.")
    }
    return (fields.slope, fields.inter)
  }

  /// The length of the header's unit in mm.
  private static func millimeters(units: Int) -> Double {
    // SimpleITK, nnU-Net's reader, converts every unit to mm. Most files name mm or no unit.
    switch units & 7 {
    case 1: 1000
    case 3: 0.001
    default: 1
    }
  }

  private static func spacing(_ fields: HeaderFields, scale: Double, of file: String) throws -> [Double] {
    let zooms = fields.pixdim[1...3]
    let spacing = zooms.reversed().map { $0 * scale }
    // The conversion can turn the largest and smallest doubles of NIfTI-2 into infinity and zero.
    guard spacing.allSatisfy({ $0.isFinite && $0 > 0 }) else {
      throw InputError(
        file, found: "a voxel spacing of \(zooms.map { "\($0)" }.joined(separator: " x "))",
        expected: "three positive numbers (pixdim 1 to 3)", advice: "Correct the spacing in the header.")
    }
    return spacing
  }

  private static func affine(_ fields: HeaderFields, scale: Double, of file: String) throws -> [Double] {
    let affine = fields.affine.map { $0 * scale }
    guard affine.allSatisfy(\.isFinite) else {
      throw InputError(
        file, found: "an affine with entries that are not numbers", expected: "finite numbers",
        advice: "Correct the header's \(fields.sformCode > 0 ? "sform" : "qform").")
    }
    let columns = (0..<3).map { column in (0..<3).map { affine[4 * $0 + column] } }
    let (a, b, c) = (columns[0], columns[1], columns[2])
    let volume =
      a[0] * (b[1] * c[2] - b[2] * c[1]) - a[1] * (b[0] * c[2] - b[2] * c[0]) + a[2] * (b[0] * c[1] - b[1] * c[0])
    let edges = columns.map { ($0[0] * $0[0] + $0[1] * $0[1] + $0[2] * $0[2]).squareRoot() }
    // The volume of a voxel against that of a box with the same edges.
    guard abs(volume) > 1e-6 * edges.reduce(1, *) else {
      throw InputError(
        file, found: "an affine that puts all voxels into one plane", expected: "three independent axes",
        advice: "Correct the header's \(fields.sformCode > 0 ? "sform" : "qform").")
    }
    return affine
  }

  /// The length that the first four bytes state in either byte order, or `nil` when it is not 348
  /// or 540.
  static func length(_ start: [UInt8]) -> Int? {
    guard start.count >= 4 else { return nil }
    let first = start.withUnsafeBytes { $0.loadUnaligned(as: UInt32.self) }
    return lengths.first { first == UInt32($0) || first.byteSwapped == UInt32($0) }
  }

  private static func shape(_ dim: [Int], of file: String) throws -> [Int] {
    guard (1...7).contains(dim[0]) else {
      throw InputError(file, found: "\(dim[0]) axes", expected: "three", advice: "The header is damaged.")
    }
    let lengths = Array(dim[1...dim[0]])
    let shapeText = lengths.map { "\($0)" }.joined(separator: " x ")
    guard lengths.allSatisfy({ (1...32767).contains($0) }) else {
      throw InputError(
        file, found: "a shape of \(shapeText) voxels", expected: "1 to 32767 voxels along each axis",
        advice: "The header is damaged.")
    }
    guard dim[0] >= 3, lengths.dropFirst(3).allSatisfy({ $0 == 1 }) else {
      throw InputError(
        file, found: "a shape of \(shapeText) voxels", expected: "a single three-dimensional volume",
        advice: "Store each time point and each channel in a file of its own; stack slices into a volume.")
    }
    return [lengths[2], lengths[1], lengths[0]]
  }
}

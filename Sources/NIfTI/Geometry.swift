/// Where a volume's voxels lie in the patient.
public struct Geometry: Sendable, Equatable {
  /// Number of voxels along z, y and x.
  public var shape: [Int]
  /// Distance between voxel centers along z, y and x, in mm, positive.
  public var spacing: [Double]
  /// Voxel (i, j, k) = (x, y, z) index to world coordinates in mm (x to the right, y to the front, z up): the first three rows
  /// of a 4 x 4 matrix, row by row, 12 numbers.
  public var affine: [Double]
  /// The header of the file it was read from, 348 bytes of NIfTI-1 or 540 of NIfTI-2 in the machine's byte order, so that what
  /// is written back keeps the affine, both form codes, units and zooms bit for bit. `nil` for a volume that was made up.
  public var sourceHeader: [UInt8]?

  public init(shape: [Int], spacing: [Double], affine: [Double]? = nil, sourceHeader: [UInt8]? = nil) {
    precondition(shape.count == 3 && spacing.count == 3)
    self.shape = shape
    self.spacing = spacing
    self.affine = affine ?? [spacing[2], 0, 0, 0, 0, spacing[1], 0, 0, 0, 0, spacing[0], 0]
    self.sourceHeader = sourceHeader
  }
}

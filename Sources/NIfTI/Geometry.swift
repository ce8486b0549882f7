/// Where a volume's voxels lie in the patient.
public struct Geometry: Sendable, Equatable {
  /// Number of voxels along z, y and x.
  public var shape: [Int]
  /// Distance between voxel centers along z, y and x, in mm, positive.
  public var spacing: [Double]
  /// The map from a voxel's index (i, j, k) along (x, y, z) to world coordinates in mm: x to the
  /// right, y to the front, z up.
  ///
  /// These are the first three rows of a 4 x 4 matrix, row by row: 12 numbers.
  public var affine: [Double]
  /// The header of the file that the volume was read from, or `nil` when the volume does not come
  /// from a file.
  ///
  /// It has 348 bytes (NIfTI-1) or 540 bytes (NIfTI-2) in the machine's byte order. It lets a file
  /// that is written with this geometry keep the affine, both form codes, the units and the zooms
  /// bit for bit.
  public var sourceHeader: [UInt8]?

  /// Creates a geometry from shape and spacing.
  ///
  /// - Parameters:
  ///   - shape: Number of voxels along z, y and x.
  ///   - spacing: Distance between voxel centers along z, y and x, in mm.
  ///   - affine: The 12 numbers of the property; if absent, voxel (0, 0, 0) lies at the origin and
  ///     the axes of the grid are those of the world.
  ///   - sourceHeader: The header of the file that the volume was read from, if any.
  public init(shape: [Int], spacing: [Double], affine: [Double]? = nil, sourceHeader: [UInt8]? = nil) {
    precondition(shape.count == 3 && spacing.count == 3)
    self.shape = shape
    self.spacing = spacing
    self.affine = affine ?? [spacing[2], 0, 0, 0, 0, spacing[1], 0, 0, 0, 0, spacing[0], 0]
    self.sourceHeader = sourceHeader
  }
}

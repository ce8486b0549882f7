/// What preprocessing did to a case, so that a prediction can be put back on the original grid.
///
/// Shapes and bounds are in voxels and in the plan's transposed axis order; the spacing is in the order of the file.
public struct CaseProperties: Sendable, Equatable, Codable {
  /// Voxel spacing of the file in mm, (z, y, x).
  public var spacing: [Double]
  /// The shape of the file's image.
  public var shapeBeforeCropping: [Int]
  /// The half-open bounds of the nonzero region, `[lower, upper]` for each axis.
  public var boundingBox: [[Int]]
  /// The shape of the nonzero region, before resampling.
  public var shapeAfterCropping: [Int]

  enum CodingKeys: String, CodingKey {
    case spacing
    case shapeBeforeCropping = "shape_before_cropping"
    case boundingBox = "bbox_used_for_cropping"
    case shapeAfterCropping = "shape_after_cropping_and_before_resampling"
  }

  /// Creates the properties of a case.
  public init(spacing: [Double], shapeBeforeCropping: [Int], boundingBox: [[Int]], shapeAfterCropping: [Int]) {
    self.spacing = spacing
    self.shapeBeforeCropping = shapeBeforeCropping
    self.boundingBox = boundingBox
    self.shapeAfterCropping = shapeAfterCropping
  }
}

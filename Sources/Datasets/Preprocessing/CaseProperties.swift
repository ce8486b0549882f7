/// What preprocessing did to a case, so that a prediction can be put back on the original grid.
///
/// Shapes and boxes are in the plan's transposed axis order, the spacing in the file's.
public struct CaseProperties: Sendable, Equatable, Codable {
  /// Spacing of the file in mm, (z, y, x).
  public var spacing: [Double]
  public var shapeBeforeCropping: [Int]
  /// Half open bounds of the nonzero region, `[lower, upper]` an axis.
  public var boundingBox: [[Int]]
  public var shapeAfterCropping: [Int]

  enum CodingKeys: String, CodingKey {
    case spacing
    case shapeBeforeCropping = "shape_before_cropping"
    case boundingBox = "bbox_used_for_cropping"
    case shapeAfterCropping = "shape_after_cropping_and_before_resampling"
  }

  public init(spacing: [Double], shapeBeforeCropping: [Int], boundingBox: [[Int]], shapeAfterCropping: [Int]) {
    self.spacing = spacing
    self.shapeBeforeCropping = shapeBeforeCropping
    self.boundingBox = boundingBox
    self.shapeAfterCropping = shapeAfterCropping
  }
}

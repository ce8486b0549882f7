import Imaging
import NIfTI

extension Preprocessor {
  /// What preprocessing makes of an image of which only the header is known.
  ///
  /// The crop to the nonzero region depends on the voxels, so the image is taken whole.
  ///
  /// - Parameters:
  ///   - geometry: The geometry of the image.
  ///   - caseName: The name of the case in error messages.
  /// - Throws: `InputError` when the resampled image would be empty or too large.
  public func properties(of geometry: Geometry, caseName: String) throws -> (shape: [Int], properties: CaseProperties) {
    let order = plan.transposeForward
    let shape = order.map { geometry.shape[$0] }
    let properties = CaseProperties(
      spacing: geometry.spacing, shapeBeforeCropping: shape, boundingBox: shape.map { [0, $0] },
      shapeAfterCropping: shape)
    return (try newShape(shape, spacing: order.map { geometry.spacing[$0] }, caseName: caseName), properties)
  }

  /// The most memory that it takes to read the images of a case and to preprocess them, in bytes, with the result.
  ///
  /// - Parameters:
  ///   - geometry: The geometry of the images.
  ///   - shape: Their shape after preprocessing.
  public func bytes(_ geometry: Geometry, shape: [Int]) -> Int {
    let channels = configuration.normalizationSchemes.count
    let cropped = plan.transposeForward.map { geometry.shape[$0] }
    let resampling = Resampling.bytes(
      cropped, to: shape, spacing: plan.transposeForward.map { geometry.spacing[$0] },
      newSpacing: configuration.spacing, forceSeparateZ: configuration.dataResampling.forceSeparateZ)
    let (volume, result) = (4 * cropped.reduce(1, *), 4 * shape.reduce(1, *))
    // Reading a file, transposing or cropping a channel, and finding the crop each take up to one volume more. Later,
    // each channel is resampled beside those that are not yet and those that are already.
    return max((channels + 1) * volume, channels * max(volume, result) + (channels > 1 ? result : 0) + resampling)
  }
}

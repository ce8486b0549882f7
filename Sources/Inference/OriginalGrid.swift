import Datasets
import Imaging
import Plans

/// The grid of the original image, to which a result on the preprocessed grid is brought back.
///
/// Preprocessing transposes the axes, crops to the nonzero region and resamples. The way back resamples, and puts the
/// planes of the crop where they lie in the image file.
struct OriginalGrid {
  let properties: CaseProperties
  let plan: Plan

  /// The shape of the image file.
  var shape: [Int] { plan.transposeBackward.map { properties.shapeBeforeCropping[$0] } }

  /// Resamples logits to the shape they had after cropping, with the plan's settings for probabilities.
  ///
  /// - Parameters:
  ///   - shape: The shape of the preprocessed image.
  ///   - channels: The number of output channels.
  func resampler(from shape: [Int], channels: Int) -> PlaneResampler {
    let settings = plan.configuration.probabilityResampling
    return PlaneResampler(
      channels: channels, from: shape, to: properties.shapeAfterCropping, spacing: plan.configuration.spacing,
      newSpacing: plan.transposeForward.map { properties.spacing[$0] }, order: settings.order, orderZ: settings.orderZ,
      forceSeparateZ: settings.forceSeparateZ)
  }

  /// Calls `body` for each voxel of a plane of the crop, with its index in the plane and in the image file.
  @inline(__always)
  func forEachVoxel(ofPlane z: Int, _ body: (_ index: Int, _ fileIndex: Int) -> Void) {
    let fileShape = shape
    let fileSteps = [fileShape[1] * fileShape[2], fileShape[2], 1]
    // Axis i of the preprocessed image is axis `transposeForward[i]` of the file.
    let steps = plan.transposeForward.map { fileSteps[$0] }
    let first = zip(properties.boundingBox, steps).reduce(z * steps[0]) { $0 + $1.0[0] * $1.1 }
    let (height, width, stepY, stepX) =
      (properties.shapeAfterCropping[1], properties.shapeAfterCropping[2], steps[1], steps[2])
    for y in 0..<height {
      for x in 0..<width { body(y * width + x, first + y * stepY + x * stepX) }
    }
  }
}

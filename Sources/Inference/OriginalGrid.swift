import Datasets
import Imaging
import NIfTI
import Plans

/// The grid of the original image, to which a result on the preprocessed grid is brought back.
///
/// Preprocessing transposes the axes, crops to the nonzero region and resamples. The way back resamples, fills the full
/// image around the crop, and transposes.
struct OriginalGrid {
  let properties: CaseProperties
  let plan: Plan

  /// Resamples logits to the shape they had after cropping, with the plan's settings for probabilities.
  func resample(_ logits: Volume<Float>) -> Volume<Float> {
    let settings = plan.configuration.probabilityResampling
    return Resampling.resample(
      logits, to: properties.shapeAfterCropping, spacing: plan.configuration.spacing,
      newSpacing: plan.transposeForward.map { properties.spacing[$0] }, order: settings.order,
      orderZ: settings.orderZ, forceSeparateZ: settings.forceSeparateZ)
  }

  /// Inserts a cropped volume into a full one and restores the axis order of the image file.
  ///
  /// - Parameters:
  ///   - cropped: The voxels of the crop, x fastest.
  ///   - background: The value of all voxels outside the crop.
  func restore<Voxel>(_ cropped: [Voxel], background: Voxel) -> Volume<Voxel> {
    let bounds = properties.boundingBox
    return Volume(shape: properties.shapeAfterCropping, voxels: cropped)
      .inserted(
        at: BoundingBox(lower: bounds.map { $0[0] }, upper: bounds.map { $0[1] }), of: properties.shapeBeforeCropping,
        background: background
      ).transposed(plan.transposeBackward)
  }
}

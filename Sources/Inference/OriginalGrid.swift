import Datasets
import Imaging
import NIfTI
import Plans

/// The way back from the preprocessed grid to the grid of the source image: resample, undo the crop, undo the transposition.
struct OriginalGrid {
  let properties: CaseProperties
  let plan: Plan

  /// Resamples logits to the shape after cropping.
  func resample(_ logits: Volume<Float>) -> Volume<Float> {
    let settings = plan.configuration.probabilityResampling
    return Resampling.resample(
      logits, to: properties.shapeAfterCropping, spacing: plan.configuration.spacing,
      newSpacing: plan.transposeForward.map { properties.spacing[$0] }, order: settings.order,
      orderZ: settings.orderZ, forceSeparateZ: settings.forceSeparateZ)
  }

  /// Puts the cropped volume back into a whole one of `background` and restores the source's axis order.
  func restore<Voxel>(_ cropped: [Voxel], background: Voxel) -> Volume<Voxel> {
    let bounds = properties.boundingBox
    return Volume(shape: properties.shapeAfterCropping, voxels: cropped)
      .inserted(
        at: BoundingBox(lower: bounds.map { $0[0] }, upper: bounds.map { $0[1] }), of: properties.shapeBeforeCropping,
        background: background
      ).transposed(plan.transposeBackward)
  }
}

import Foundation
import NIfTI
import Threads

/// Resampling of volumes to another spacing by nnU-Net's rules: in three dimensions at once, or
/// slice by slice where one axis is much coarser than the others ("separate z").
///
/// Each resize is scikit-image's `resize` with mode `edge`, clipping and no anti-aliasing, computed
/// in `Double`. Results along a separate axis are not clipped.
public enum Resampling {
  /// The number of voxels along each axis after resampling: `shape * spacing / newSpacing`, with
  /// halves rounded to even.
  ///
  /// - Parameters:
  ///   - shape: The number of voxels along z, y and x before.
  ///   - spacing: The spacing before, in mm along z, y and x.
  ///   - newSpacing: The spacing after, in mm along z, y and x.
  public static func newShape(_ shape: [Int], spacing: [Double], newSpacing: [Double]) -> [Int] {
    (0..<3).map { Int((spacing[$0] / newSpacing[$0] * Double(shape[$0])).rounded(.toNearestOrEven)) }
  }

  /// The axis that is resampled separately, or `nil` when there is none.
  ///
  /// It is the coarsest axis, if that is more than three times as coarse as the finest one in the
  /// old spacing, or else in the new spacing. When several axes are equally coarse, there is none.
  ///
  /// - Parameter force: Whether to resample an axis separately; `nil` decides by the spacing.
  static func separateAxis(spacing: [Double], newSpacing: [Double], force: Bool?) -> Int? {
    // Spacings whose quotient rounds to 1 count as equal.
    func coarsest(_ spacing: [Double]) -> [Int] { (0..<3).filter { spacing.max()! / spacing[$0] == 1 } }
    func isAnisotropic(_ spacing: [Double]) -> Bool { spacing.max()! / spacing.min()! > 3 }
    let axes: [Int]
    switch force {
    case false?: return nil
    case true?: axes = coarsest(spacing)
    case nil:
      if isAnisotropic(spacing) {
        axes = coarsest(spacing)
      } else if isAnisotropic(newSpacing) {
        axes = coarsest(newSpacing)
      } else {
        return nil
      }
    }
    return axes.count == 1 ? axes[0] : nil
  }

  /// Resamples an image, or one channel of logits.
  ///
  /// - Parameters:
  ///   - volume: The voxels to resample.
  ///   - shape: The number of voxels along z, y and x afterwards.
  ///   - spacing: The spacing of `volume`, in mm along z, y and x. Together with `newSpacing` it
  ///     only decides on separate z.
  ///   - newSpacing: The spacing afterwards, in mm along z, y and x.
  ///   - order: The order of interpolation: 0 nearest, 1 linear, 3 cubic.
  ///   - orderZ: The order along a separate axis; nnU-Net uses 0.
  ///   - forceSeparateZ: Whether to resample the coarsest axis separately; `nil` decides by the
  ///     spacings.
  public static func resample(
    _ volume: Volume<Float>, to shape: [Int], spacing: [Double], newSpacing: [Double], order: Int, orderZ: Int = 0,
    forceSeparateZ: Bool? = nil
  ) -> Volume<Float> {
    guard shape != volume.shape else { return volume }
    guard let axis = separateAxis(spacing: spacing, newSpacing: newSpacing, force: forceSeparateZ) else {
      return Volume(shape: shape, voxels: Resize(from: volume.shape, to: shape, order: order).apply(volume.voxels))
    }
    let inPlane = shape.replacing(axis, with: volume.shape[axis])
    let slices = inSlices(volume, axis: axis) { slice, from in
      Resize(from: from, to: inPlane.replacing(axis, with: 1), order: order).apply(slice)
    }
    let resized = Volume(shape: inPlane, voxels: assemble(slices, shape: inPlane, axis: axis))
    guard shape[axis] != inPlane[axis] else { return resized }
    return Volume(
      shape: shape, voxels: Resize(from: inPlane, to: shape, order: orderZ, clips: false).apply(resized.voxels))
  }

  /// The most memory that resampling of an image takes beside the image, in bytes, with its result.
  ///
  /// The parameters are those of `resample`.
  public static func bytes(
    _ from: [Int], to shape: [Int], spacing: [Double], newSpacing: [Double], forceSeparateZ: Bool? = nil
  ) -> Int {
    guard shape != from else { return 0 }
    let result = 4 * shape.reduce(1, *)
    guard let axis = separateAxis(spacing: spacing, newSpacing: newSpacing, force: forceSeparateZ) else {
      return 8 * shape.replacing(0, with: from[0]).reduce(1, *) + result
    }
    // Slices and the volume made of them; then the same in double precision, and the result.
    let inPlane = shape.replacing(axis, with: from[axis]).reduce(1, *)
    return 12 * inPlane + result
  }

  /// Resamples a label map.
  ///
  /// The indicator function of each label is resized, and each voxel takes the label with the
  /// largest value. In a tie the nearest voxel's label wins, if it is among the winners, and
  /// otherwise the smallest label.
  ///
  /// The parameters are those of `resample`. Along a separate axis each voxel takes the label of
  /// the nearest voxel. With an `orderZ` above 0, it takes the largest label whose indicator
  /// exceeds 1/2, or 0 if there is none.
  public static func resampleLabels(
    _ volume: Volume<Int32>, to shape: [Int], spacing: [Double], newSpacing: [Double], order: Int = 1, orderZ: Int = 0,
    forceSeparateZ: Bool? = nil
  ) -> Volume<Int32> {
    guard shape != volume.shape else { return volume }
    guard let axis = separateAxis(spacing: spacing, newSpacing: newSpacing, force: forceSeparateZ) else {
      return Volume(shape: shape, voxels: resizeLabels(volume.voxels, from: volume.shape, to: shape, order: order))
    }
    let inPlane = shape.replacing(axis, with: volume.shape[axis])
    let slices = inSlices(volume, axis: axis) { slice, from in
      resizeLabels(slice, from: from, to: inPlane.replacing(axis, with: 1), order: order)
    }
    let resized = assemble(slices, shape: inPlane, axis: axis)
    guard shape[axis] != inPlane[axis] else { return Volume(shape: inPlane, voxels: resized) }
    return Volume(shape: shape, voxels: mapLabels(resized, from: inPlane, to: shape, order: orderZ))
  }

  /// The last step of separate z. As in nnU-Net, labels are not compared here: the largest label
  /// whose indicator exceeds 1/2 wins, and the result is 0 where there is none.
  private static func mapLabels(_ labels: [Int32], from: [Int], to: [Int], order: Int) -> [Int32] {
    let resize = Resize(from: from, to: to, order: order, clips: false)
    guard order > 0 else { return resize.gather(labels) }
    var result = [Int32](repeating: 0, count: to.reduce(1, *))
    for label in Set(labels).sorted() {
      let scores = resize.applyDouble(labels.map { $0 == label ? 1 : 0 })
      for i in scores.indices where scores[i] > 0.5 { result[i] = label }
    }
    return result
  }

  private static func resizeLabels(_ labels: [Int32], from: [Int], to: [Int], order: Int) -> [Int32] {
    let nearest = Resize(from: from, to: to, order: 0)
    guard order > 0 else { return nearest.gather(labels) }
    guard from != to else { return labels }
    guard order > 1 else { return LabelResize(from: from, to: to).apply(labels) }
    let distinct = Set(labels).sorted()
    guard distinct.count > 1 else { return [Int32](repeating: distinct.first ?? 0, count: to.reduce(1, *)) }
    let resize = Resize(from: from, to: to, order: order)
    var result = [Int32](repeating: distinct[0], count: to.reduce(1, *))
    var best = [Double](repeating: -.infinity, count: result.count)
    let candidates = nearest.gather(labels)
    for label in distinct {
      let scores = resize.applyDouble(labels.map { $0 == label ? 1 : 0 })
      for i in scores.indices where scores[i] > best[i] || (scores[i] == best[i] && candidates[i] == label) {
        best[i] = scores[i]
        result[i] = label
      }
    }
    return result
  }

  /// Applies `body` to each slice along `axis`. A slice keeps all three axes and has extent 1 along
  /// `axis`.
  private static func inSlices<Voxel: Sendable>(
    _ volume: Volume<Voxel>, axis: Int, _ body: @Sendable ([Voxel], [Int]) -> [Voxel]
  ) -> [[Voxel]] {
    let shape = volume.shape.replacing(axis, with: 1)
    let count = volume.shape[axis]
    var results = [[Voxel]](repeating: [], count: count)
    results.withUnsafeMutableBufferPointer { results in
      nonisolated(unsafe) let results = results
      Parallel.forEach(count) { i in
        results[i] = body(slice(volume, axis: axis, i), shape)
      }
    }
    return results
  }

  private static func slice<Voxel>(_ volume: Volume<Voxel>, axis: Int, _ index: Int) -> [Voxel] {
    let stride = volume.shape[(axis + 1)...].reduce(1, *)
    let outer = volume.shape[..<axis].reduce(1, *)
    return (0..<outer).flatMap { o in
      let start = (o * volume.shape[axis] + index) * stride
      return volume.voxels[start..<start + stride]
    }
  }

  private static func assemble<Voxel>(_ slices: [[Voxel]], shape: [Int], axis: Int) -> [Voxel] {
    let stride = shape[(axis + 1)...].reduce(1, *)
    let outer = shape[..<axis].reduce(1, *)
    var result: [Voxel] = []
    result.reserveCapacity(shape.reduce(1, *))
    for o in 0..<outer { for slice in slices { result.append(contentsOf: slice[o * stride..<(o + 1) * stride]) } }
    return result
  }
}

extension [Int] {
  /// The shape with a different extent along one axis.
  fileprivate func replacing(_ axis: Int, with extent: Int) -> [Int] {
    var shape = self
    shape[axis] = extent
    return shape
  }
}

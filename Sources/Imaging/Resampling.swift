import Foundation
import NIfTI
import Threads

/// Bringing volumes to another spacing, by nnU-Net's rules: cubic B-splines in three dimensions, or slice by slice
/// where one axis is much coarser than the others ("separate z").
///
/// Each resize is scikit-image's `resize` with mode `edge`, clipping and no anti-aliasing, computed in `Double`.
public enum Resampling {
  /// Voxels along each axis after resampling: half-to-even rounding of old / new spacing times the old number.
  public static func newShape(_ shape: [Int], spacing: [Double], newSpacing: [Double]) -> [Int] {
    (0..<3).map { Int((spacing[$0] / newSpacing[$0] * Double(shape[$0])).rounded(.toNearestOrEven)) }
  }

  /// The axis that is resampled by itself, if any: the coarsest one, when it is more than three times coarser than the
  /// finest, by the old spacing or else the new one; none when several share that spacing.
  ///
  /// - Parameter force: `true` or `false` takes the decision whether, not which axis.
  static func separateAxis(spacing: [Double], newSpacing: [Double], force: Bool?) -> Int? {
    // Spacings whose quotient rounds to 1 count as the same.
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
  ///   - shape: Voxels along z, y, x to arrive at.
  ///   - spacing: Of `volume`, in mm along z, y, x; with `newSpacing` it only decides on separate z.
  ///   - order: 0 nearest, 1 linear, 3 cubic.
  ///   - orderZ: Order along a separate axis; nnU-Net uses 0.
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

  /// Resamples labels: each label's indicator is resized, and the largest wins; on a tie the nearest voxel's label,
  /// else the smallest.
  ///
  /// Parameters are those of `resample`. Along a separate axis labels are the nearest voxel's, or with an `orderZ`
  /// above 0 those whose indicator exceeds one half, and 0 where none does.
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

  /// The last step of separate z, which in nnU-Net has no vote: the largest label whose indicator exceeds one half, 0
  /// where none does.
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

  /// Runs `body` over each slice along `axis`; a slice keeps three axes, of extent 1 along `axis`.
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
  /// The shape with another extent along one axis.
  fileprivate func replacing(_ axis: Int, with extent: Int) -> [Int] {
    var shape = self
    shape[axis] = extent
    return shape
  }
}

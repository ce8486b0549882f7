import Foundation
import Imaging
import NIfTI
import Statistics

/// Distances between the surfaces of two masks in mm, by the definitions of MONAI 1.6.
///
/// The surface of a mask consists of its voxels with a face neighbor outside the mask or outside the volume.
/// Distances are between voxel centers, from each surface voxel of one mask to the nearest surface voxel of the
/// other.
public struct SurfaceDistances: Sendable {
  /// The distance from each surface voxel of the prediction; infinite when the reference is empty.
  public let fromPrediction: [Double]
  /// The distance from each surface voxel of the reference; infinite when the prediction is empty.
  public let fromReference: [Double]

  /// - Parameters:
  ///   - prediction: A mask.
  ///   - reference: A mask of the same shape.
  ///   - spacing: Along (z, y, x), in mm.
  public init(prediction: Volume<Bool>, reference: Volume<Bool>, spacing: [Double]) {
    precondition(prediction.shape == reference.shape)
    let predicted = Self.surface(of: prediction)
    let expected = Self.surface(of: reference)
    fromPrediction = Self.distances(from: predicted, to: expected, spacing: spacing)
    fromReference = Self.distances(from: expected, to: predicted, spacing: spacing)
  }

  /// The larger of the two directions' percentiles of distances; NaN when both masks are empty.
  ///
  /// - Parameter percentile: 0 to 100, interpolated linearly; 100 gives the Hausdorff distance.
  public func hausdorff(percentile: Double = 100) -> Double {
    let directions = [fromPrediction, fromReference].map { Quantile.percentile(percentile, of: $0) }
    return directions.contains(where: \.isNaN) ? .nan : max(directions[0], directions[1])
  }

  /// The average symmetric surface distance: the mean over the voxels of both surfaces. NaN when both masks are empty.
  public var average: Double {
    (fromPrediction.reduce(0, +) + fromReference.reduce(0, +)) / Double(fromPrediction.count + fromReference.count)
  }

  /// Normalized surface Dice: the share of the voxels of both surfaces that lie within a tolerance of the other
  /// surface. NaN when both masks are empty, zero when one is.
  ///
  /// - Parameter tolerance: In mm.
  public func surfaceDice(tolerance: Double) -> Double {
    // In single precision, like MONAI, so that a distance equal to the tolerance counts however the spacing is rounded.
    func close(_ distances: [Double]) -> Int {
      distances.reduce(0) { $0 + (Float($1) <= Float(tolerance) ? 1 : 0) }
    }
    return Double(close(fromPrediction) + close(fromReference)) / Double(fromPrediction.count + fromReference.count)
  }

  private static func distances(from: Volume<Bool>, to: Volume<Bool>, spacing: [Double]) -> [Double] {
    let squared = DistanceTransform.squaredDistances(to: to, spacing: spacing)
    return from.voxels.indices.compactMap { from.voxels[$0] ? squared.voxels[$0].squareRoot() : nil }
  }

  private static func surface(of mask: Volume<Bool>) -> Volume<Bool> {
    let (depth, height, width) = (mask.shape[0], mask.shape[1], mask.shape[2])
    let slice = height * width
    var surface = Volume(shape: mask.shape, repeating: false)
    mask.voxels.withUnsafeBufferPointer { mask in
      surface.voxels.withUnsafeMutableBufferPointer { surface in
        for z in 0..<depth {
          for y in 0..<height {
            for x in 0..<width {
              let voxel = z * slice + y * width + x
              guard mask[voxel] else { continue }
              let isInner =
                z > 0 && mask[voxel - slice] && z < depth - 1 && mask[voxel + slice]
                && y > 0 && mask[voxel - width] && y < height - 1 && mask[voxel + width]
                && x > 0 && mask[voxel - 1] && x < width - 1 && mask[voxel + 1]
              surface[voxel] = !isInner
            }
          }
        }
      }
    }
    return surface
  }
}

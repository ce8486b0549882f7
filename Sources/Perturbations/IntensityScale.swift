import NIfTI
import Statistics

/// The intensities between which the contrast of an image lies: the percentiles 0.5 and 99.5 of its nonzero region.
struct IntensityScale: Sendable, Equatable {
  let lower, upper: Float
  /// Whether no voxel of the region is negative, as in magnitude images.
  let isMagnitude: Bool
  /// The intensity of no signal.
  let dark: Float

  /// The difference between both intensities; 0 for an image without contrast.
  var width: Float { upper - lower }

  /// At most about this many voxels are sorted.
  private static let sample = 1_000_000

  /// Finds the scale of an image.
  ///
  /// - Parameters:
  ///   - volume: The image.
  ///   - isInside: Whether each voxel is in the nonzero region.
  ///   - isNormalized: Whether intensities are normalized. 0 is then any intensity: magnitudes cannot be told from
  ///     other images, and the lower percentile is what is closest to no signal.
  init(_ volume: Volume<Float>, in isInside: [Bool], isNormalized: Bool = false) {
    var values: [Float] = []
    let step = max(1, isInside.count / Self.sample)
    for voxel in stride(from: 0, to: isInside.count, by: step) where isInside[voxel] {
      if volume.voxels[voxel].isFinite { values.append(volume.voxels[voxel]) }
    }
    values.sort()
    func percentile(_ percentile: Double) -> Float {
      values.isEmpty ? 0 : Float(Quantile.percentile(percentile, count: values.count) { Double(values[$0]) })
    }
    lower = percentile(0.5)
    upper = percentile(99.5)
    isMagnitude = !isNormalized && (values.first ?? 0) >= 0
    dark = isNormalized ? lower : min(lower, 0)
  }

  /// The place of an intensity between both: 0 at the lower, 1 at the upper one.
  func share(_ value: Float) -> Double { Double((value - lower) / width) }

  /// The intensity at a place.
  func value(_ share: Double) -> Float { lower + Float(share) * width }
}

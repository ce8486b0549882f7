import NIfTI
import Statistics

/// The intensities between which the contrast of an image lies: the percentiles 0.5 and 99.5 of its nonzero region.
struct IntensityScale: Sendable, Equatable {
  let lower, upper: Float
  /// Whether no voxel of the region is negative, as in magnitude images.
  let isMagnitude: Bool

  /// The difference between both intensities; 0 for an image without contrast.
  var width: Float { upper - lower }
  /// The intensity of no signal.
  var dark: Float { min(lower, 0) }

  /// At most about this many voxels are sorted.
  private static let sample = 1_000_000

  init(_ volume: Volume<Float>, in isInside: [Bool]) {
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
    isMagnitude = (values.first ?? 0) >= 0
  }

  /// The place of an intensity between both: 0 at the lower, 1 at the upper one.
  func share(_ value: Float) -> Double { Double((value - lower) / width) }

  /// The intensity at a place.
  func value(_ share: Double) -> Float { lower + Float(share) * width }
}

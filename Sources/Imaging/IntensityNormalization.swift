import Files
import NIfTI

/// nnU-Net's intensity normalizations. They change one channel at a time, in place.
public enum IntensityNormalization: Sendable, Equatable {
  /// (x - mean) / max(deviation, 1e-8), with the statistics of the volume, or of a mask outside of
  /// which nothing changes.
  case zScore
  /// (min(max(x, lower), upper) - mean) / max(deviation, 1e-8), with statistics of the data set's
  /// foreground.
  ///
  /// In nnU-Net's plans `lower` and `upper` are the percentiles 0.5 and 99.5.
  case ct(lower: Float, upper: Float, mean: Float, deviation: Float)
  /// No change.
  case none
  /// (x - min) / max(max - min, 1e-8), with the range of the volume.
  case rescaleTo01
  /// x / 255.
  case rgbTo01

  private static let epsilon: Float = 1e-8

  /// Normalizes a channel.
  ///
  /// - Parameters:
  ///   - volume: The channel's intensities.
  ///   - mask: The voxels to which `zScore` is limited; `nil` means all. The other cases ignore it.
  ///   - file: The name of the file, for error messages.
  /// - Throws: `InputError` when `rgbTo01` finds a value outside 0 to 255.
  public func apply(to volume: inout Volume<Float>, mask: [Bool]? = nil, file: String) throws {
    switch self {
    case .zScore:
      let (mean, deviation) = Self.statistics(volume.voxels, mask)
      let scale = max(deviation, Self.epsilon)
      Self.map(&volume, mask) { ($0 - mean) / scale }
    case .ct(let lower, let upper, let mean, let deviation):
      let scale = max(deviation, Self.epsilon)
      Self.map(&volume, nil) { (min(max($0, lower), upper) - mean) / scale }
    case .none: break
    case .rescaleTo01:
      let low = volume.voxels.min() ?? 0
      let range = max((volume.voxels.max() ?? 0) - low, Self.epsilon)
      Self.map(&volume, nil) { ($0 - low) / range }
    case .rgbTo01:
      guard let low = volume.voxels.min(), let high = volume.voxels.max(), low >= 0, high <= 255 else {
        throw InputError(
          file, found: "intensities outside 0 to 255", expected: "8-bit colors",
          advice: "Choose another name than rgb_to_0_1 for the channel in dataset.json.")
      }
      Self.map(&volume, nil) { $0 / 255 }
    }
  }

  /// The mean and the population standard deviation.
  private static func statistics(_ voxels: [Float], _ mask: [Bool]?) -> (Float, Float) {
    voxels.withUnsafeBufferPointer { voxels in
      var (count, sum, squares) = (0, 0.0, 0.0)
      for i in voxels.indices where mask?[i] ?? true {
        count += 1
        sum += Double(voxels[i])
      }
      guard count > 0 else { return (0, 0) }
      let mean = sum / Double(count)
      for i in voxels.indices where mask?[i] ?? true {
        let difference = Double(voxels[i]) - mean
        squares += difference * difference
      }
      return (Float(mean), Float((squares / Double(count)).squareRoot()))
    }
  }

  @inline(__always)
  private static func map(_ volume: inout Volume<Float>, _ mask: [Bool]?, _ function: (Float) -> Float) {
    volume.voxels.withUnsafeMutableBufferPointer { voxels in
      for i in voxels.indices where mask?[i] ?? true { voxels[i] = function(voxels[i]) }
    }
  }
}

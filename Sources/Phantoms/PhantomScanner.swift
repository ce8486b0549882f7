import Foundation
import NIfTI
import Statistics

/// What a scanner makes of a tissue's signal: blur, a smooth bias field, noise and its own intensity scale.
struct PhantomScanner {
  /// Strength of the bias field: the standard deviation of its logarithm.
  var bias: Double
  /// Standard deviation of the noise, where the brightest tissue has a signal of about one.
  var noise: Double
  /// What a signal of one is stored as.
  var gain: Double

  /// The image of a signal.
  ///
  /// - Parameters:
  ///   - signal: one number a point of the grid.
  ///   - inside: the points in the brain mask; voxels that lie mostly outside become zero.
  func image(of signal: [Float], inside: [Float], grid: PhantomGrid, random: inout CounterRandom) -> Volume<Float> {
    var image = grid.means(signal)
    for axis in 0..<3 { blur(&image, axis: axis) }
    let mask = grid.means(inside)
    let extent = zip(grid.shape, grid.spacing).map { Double($0) * $1 }.max() ?? 1
    let field = SmoothNoise.field(shape: grid.shape, step: grid.spacing, wavelength: extent / 2, random: &random)
    for voxel in image.voxels.indices {
      let (real, imaginary) = random.preciseNormals()
      guard mask.voxels[voxel] >= 0.5 else {
        image.voxels[voxel] = 0
        continue
      }
      // A magnitude image of two noisy channels has Rician noise.
      let received = Double(image.voxels[voxel]) * exp(bias * Double(field[voxel])) + noise * real
      image.voxels[voxel] = Float(gain * (received * received + noise * noise * imaginary * imaginary).squareRoot())
    }
    return image
  }

  /// The scanner's point spread: weights 1/6, 2/3, 1/6 along an axis.
  private func blur(_ image: inout Volume<Float>, axis: Int) {
    let count = image.shape[axis]
    let stride = image.shape[(axis + 1)...].reduce(1, *)
    let source = image.voxels
    for voxel in source.indices {
      let position = voxel / stride % count
      let before = position > 0 ? source[voxel - stride] : source[voxel]
      let after = position < count - 1 ? source[voxel + stride] : source[voxel]
      image.voxels[voxel] = (before + 4 * source[voxel] + after) / 6
    }
  }
}

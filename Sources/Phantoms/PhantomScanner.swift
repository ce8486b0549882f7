import Foundation
import NIfTI
import Statistics

/// A scanner, which turns the signal of tissues into an image with blur, a smooth bias field, noise
/// and a gain.
struct PhantomScanner {
  /// Standard deviation of the bias field's logarithm.
  var bias: Double
  /// Standard deviation of the noise, relative to the brightest tissue's signal of about 1.
  var noise: Double
  /// The intensity that a signal of 1 gives.
  var gain: Double

  /// The image of a signal.
  ///
  /// - Parameters:
  ///   - signal: The signal at each point of the grid.
  ///   - inside: 1 for points in the brain mask and 0 elsewhere. Voxels that lie mostly outside
  ///     become 0.
  ///   - grid: The voxels and points.
  ///   - random: The source of the bias field and the noise.
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
      // The magnitude of a complex signal with normal noise has Rician noise.
      let received = Double(image.voxels[voxel]) * exp(bias * Double(field[voxel])) + noise * real
      image.voxels[voxel] = Float(gain * (received * received + noise * noise * imaginary * imaginary).squareRoot())
    }
    return image
  }

  /// Applies the scanner's point spread function along one axis: weights 1/6, 2/3, 1/6.
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

import NIfTI

/// A patch with normalized intensities, as networks see it.
///
/// The range of its contrast is that of the patch, not of the image it was cut from. Voxels that are 0 in every
/// channel, such as those beyond the border of a case, stay 0 unless other voxels enclose them. Noise is normal: after
/// normalization, magnitudes cannot be told from other images. A bias field leaves the darkest intensities as they are.
package struct NormalizedPatch: Sendable {
  private let acquisition: Acquisition

  /// Prepares a patch, so that several perturbations can be applied to it.
  ///
  /// - Parameters:
  ///   - voxels: The patch, (z, y, x, channel).
  ///   - shape: The number of voxels along (z, y, x), which with the channels is that of `voxels`.
  ///   - spacing: The distance between voxel centers along (z, y, x), in mm.
  package init(_ voxels: ArraySlice<Float>, shape: [Int], spacing: [Double]) {
    let count = shape.reduce(1, *)
    let channels = voxels.count / count
    let geometry = Geometry(shape: shape, spacing: spacing)
    let images = voxels.withUnsafeBufferPointer { voxels in
      (0..<channels).map { channel in
        let volume = Volume(shape: shape, voxels: (0..<count).map { voxels[$0 * channels + channel] })
        return Image(volume: volume, geometry: geometry)
      }
    }
    acquisition = Acquisition(images, isNormalized: true)
  }

  /// Writes the changed patch, (z, y, x, channel). At severity 0 it is the patch, bit for bit.
  ///
  /// Labels stay where they are, which does not fit ``PerturbationKind/affine``.
  ///
  /// - Parameter target: As many voxels as the patch has, in all channels.
  package func write(changedBy perturbation: DrawnPerturbation, to target: UnsafeMutableBufferPointer<Float>) {
    var changed = acquisition
    perturbation.apply(to: &changed)
    for (channel, image) in changed.images.enumerated() {
      image.volume.voxels.withUnsafeBufferPointer { voxels in
        for voxel in voxels.indices { target[voxel * changed.images.count + channel] = voxels[voxel] }
      }
    }
  }
}

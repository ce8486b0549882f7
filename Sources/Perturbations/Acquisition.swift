import Imaging
import NIfTI

/// The images of a case with what perturbations need to know of them.
struct Acquisition: Sendable {
  /// The images, one for each channel and all of one shape.
  var images: [Image]
  /// Whether each voxel is in the nonzero region, x fastest. What was masked out of an image stays 0.
  let isInside: [Bool]
  /// The intensities of each channel between which its contrast lies.
  let scales: [IntensityScale]

  /// The number of voxels along (z, y, x).
  var shape: [Int] { images[0].volume.shape }
  /// The distance between voxel centers along (z, y, x), in mm.
  var spacing: [Double] { images[0].geometry.spacing }

  init(_ images: [Image], isNormalized: Bool = false) {
    let mask = NonzeroMask(images.map(\.volume))
    self.images = images
    isInside = mask.isInside
    scales = images.map { IntensityScale($0.volume, in: mask.isInside, isNormalized: isNormalized) }
  }

  /// Replaces each voxel of the nonzero region in every channel.
  ///
  /// - Parameter change: Receives the intensity, the scale of its channel, and the index of the voxel, x fastest.
  mutating func change(_ change: (Float, IntensityScale, Int) -> Float) {
    let isInside = isInside
    for channel in images.indices where scales[channel].width > 0 {
      let scale = scales[channel]
      images[channel].volume.voxels.withUnsafeMutableBufferPointer { voxels in
        for voxel in isInside.indices where isInside[voxel] { voxels[voxel] = change(voxels[voxel], scale, voxel) }
      }
    }
  }

  /// Replaces each voxel of the nonzero region by a weighted mean of voxels on its line along an axis.
  ///
  /// - Parameter sources: For each position on a line, the positions to read and their weights.
  mutating func combine(axis: Int, _ sources: [[(position: Int, weight: Float)]]) {
    let stride = shape[(axis + 1)...].reduce(1, *)
    let (length, isInside) = (shape[axis], isInside)
    for channel in images.indices {
      let before = images[channel].volume.voxels
      images[channel].volume.voxels.withUnsafeMutableBufferPointer { voxels in
        for voxel in isInside.indices where isInside[voxel] {
          let position = voxel / stride % length
          let line = voxel - position * stride
          voxels[voxel] = sources[position].reduce(0) { $0 + $1.weight * before[line + $1.position * stride] }
        }
      }
    }
  }
}

/// The strides and kernels of a U-Net for a patch, by nnU-Net's rule with a smallest feature map edge of 4.
///
/// From stage to stage, an axis is halved if its size is at least 8 and its spacing is less than twice the finest
/// spacing of all such axes. An axis that would be halved alone needs a size of 12. Halving doubles the spacing.
///
/// A kernel has edge 1 along an axis until the axis's spacing is less than twice the finest of all axes, and edge 3
/// from that stage on. In the coarsest stage all edges are 3.
struct Topology: Equatable {
  /// Stride of each stage; ones for the first.
  let strides: [[Int]]
  /// Kernel size of each stage, full resolution first.
  let kernels: [[Int]]
  /// The patch in voxels, enlarged to a multiple of `divisors`.
  let patch: [Int]
  /// Product of the strides along each axis.
  let divisors: [Int]

  /// - Parameters:
  ///   - spacing: Voxel spacing in mm, one for each axis.
  ///   - patch: The desired patch size in voxels. It may end in .5, because median shapes do.
  init(spacing: [Double], patch: [Double]) {
    let axes = spacing.indices
    var spacing = spacing
    var size = patch
    var strides = [axes.map { _ in 1 }]
    var kernels: [[Int]] = []
    var kernel = axes.map { _ in 1 }
    var divisors = axes.map { _ in 1 }
    while true {
      let long = axes.filter { size[$0] >= 8 }
      guard let finest = long.map({ spacing[$0] }).min() else { break }
      let halved = long.filter { spacing[$0] / finest < 2 }
      if halved.count == 1, size[halved[0]] < 12 { break }
      let finestOfAll = spacing.min() ?? finest
      for axis in axes where spacing[axis] / finestOfAll < 2 { kernel[axis] = 3 }
      kernels.append(kernel)
      strides.append(axes.map { halved.contains($0) ? 2 : 1 })
      for axis in halved {
        divisors[axis] *= 2
        spacing[axis] *= 2
        size[axis] = (size[axis] / 2).rounded(.up)
      }
    }
    kernels.append(axes.map { _ in 3 })
    self.strides = strides
    self.kernels = kernels
    self.divisors = divisors
    self.patch = axes.map { Int((patch[$0] / Double(divisors[$0])).rounded(.up)) * divisors[$0] }
  }

  /// Feature channels of the stages, min(maximum, 32 · 2^stage).
  func features(maximum: Int) -> [Int] { strides.indices.map { min(maximum, 32 << min($0, 10)) } }
}

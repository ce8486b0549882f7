/// How often a patch is halved along each axis, and with which kernels: nnU-Net's rule with a least feature map edge
/// of 4.
///
/// An axis is halved while it is long enough and its spacing is less than twice the finest one; a kernel spans an axis
/// (3 instead of 1) from the stage on where its spacing is less than twice the finest one.
struct Topology: Equatable {
  /// A stage each, ones first.
  let strides: [[Int]]
  /// A stage each, full resolution first.
  let kernels: [[Int]]
  /// The patch, enlarged to a multiple of `divisors`.
  let patch: [Int]
  /// Product of the strides along each axis.
  let divisors: [Int]

  /// - Parameters:
  ///   - spacing: voxel spacing in mm, an axis each.
  ///   - patch: wished patch size; halves of voxels come from median shapes.
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

  /// Feature channels of the stages: 32, doubled up to `most`.
  func features(most: Int) -> [Int] { strides.indices.map { min(most, 32 << min($0, 10)) } }
}

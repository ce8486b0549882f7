import Statistics

/// Reverses image and labels along some axes.
struct Mirroring {
  /// For each axis (z, y, x), whether to reverse it.
  let axes: [Bool]

  /// Draws the axes, each with probability 0.5.
  static func random(using random: inout CounterRandom) -> Mirroring {
    Mirroring(axes: (0..<3).map { _ in random.chance(0.5) })
  }

  func apply(to patch: inout Patch) {
    let shape = patch.shape
    patch.image.withUnsafeMutableBufferPointer { reverse($0, shape) }
    patch.labels.withUnsafeMutableBufferPointer { reverse($0, shape) }
  }

  /// Reverses one or more volumes that are stored one after the other.
  private func reverse<Voxel>(_ voxels: UnsafeMutableBufferPointer<Voxel>, _ shape: [Int]) {
    let strides = [shape[1] * shape[2], shape[2], 1]
    for axis in 0..<3 where axes[axis] {
      let (length, stride) = (shape[axis], strides[axis])
      for start in Swift.stride(from: 0, to: voxels.count, by: length * stride) {
        for position in 0..<length / 2 {
          let (near, far) = (start + position * stride, start + (length - 1 - position) * stride)
          for index in 0..<stride { voxels.swapAt(near + index, far + index) }
        }
      }
    }
  }
}

/// Deep supervision: the loss is computed at the resolution of every decoder stage, as in nnU-Net.
public enum DeepSupervision {
  /// Returns the weight of each output's loss, full resolution first.
  ///
  /// The weights are proportional to 1, 1/2, 1/4, …, except that of the coarsest output, which is
  /// 0. They sum to 1. A single output has weight 1, where nnU-Net would divide 0 by 0.
  ///
  /// - Parameter outputs: The number of outputs.
  public static func weights(outputs: Int) -> [Double] {
    guard outputs > 1 else { return [1] }
    let raw = (0..<outputs).map { $0 == outputs - 1 ? 0 : 1 / Double(1 << $0) }
    let total = raw.reduce(0, +)
    return raw.map { $0 / total }
  }

  /// Returns labels at a coarser resolution by nearest-neighbor interpolation, PyTorch's
  /// "nearest-exact".
  ///
  /// Along an axis of n voxels that becomes one of m voxels, output voxel o is input voxel
  /// `floor((o + 1/2) * n / m)`.
  ///
  /// - Parameters:
  ///   - labels: The labels, (N, z, y, x).
  ///   - batch: The number of samples, N.
  ///   - extent: The size of the labels along z, y, x, in voxels.
  ///   - coarse: The size of the result along z, y, x, in voxels.
  static func downsample(_ labels: [Int16], batch: Int, from extent: [Int], to coarse: [Int]) -> [Int16] {
    if extent == coarse { return labels }
    let sources = (0..<3).map { axis -> [Int] in
      let (n, m) = (extent[axis], coarse[axis])
      return (0..<m).map { output -> Int in min(n - 1, (2 * output + 1) * n / (2 * m)) }
    }
    var result: [Int16] = []
    result.reserveCapacity(batch * coarse.reduce(1, *))
    for n in 0..<batch {
      for z in sources[0] {
        for y in sources[1] {
          let line = ((n * extent[0] + z) * extent[1] + y) * extent[2]
          for x in sources[2] { result.append(labels[line + x]) }
        }
      }
    }
    return result
  }
}

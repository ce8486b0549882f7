/// Losses at every decoder resolution (nnU-Net's deep supervision).
public enum DeepSupervision {
  /// The weight of each output, full resolution first: halved from one to the next, the coarsest 0, summing to 1. A
  /// single output has weight 1, where nnU-Net divides 0 by 0.
  public static func weights(outputs: Int) -> [Double] {
    guard outputs > 1 else { return [1] }
    let raw = (0..<outputs).map { $0 == outputs - 1 ? 0 : 1 / Double(1 << $0) }
    let total = raw.reduce(0, +)
    return raw.map { $0 / total }
  }

  /// Labels at a coarser resolution, by PyTorch's "nearest-exact": output voxel o takes input voxel floor((o + 1/2) n /
  /// m).
  ///
  /// - Parameters:
  ///   - labels: (N, z, y, x) of shape `extent`.
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

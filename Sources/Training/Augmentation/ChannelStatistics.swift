/// The range, mean and standard deviation of a channel's voxels.
struct ChannelStatistics {
  private(set) var minimum = Float.infinity
  private(set) var maximum = -Float.infinity
  let mean: Double
  /// The unbiased standard deviation, which divides by N − 1.
  let deviation: Double

  init(_ voxels: UnsafeBufferPointer<Float>) {
    var sum = 0.0
    for voxel in voxels {
      sum += Double(voxel)
      minimum = min(minimum, voxel)
      maximum = max(maximum, voxel)
    }
    let mean = sum / Double(max(voxels.count, 1))
    var squares = 0.0
    for voxel in voxels { squares += (Double(voxel) - mean) * (Double(voxel) - mean) }
    self.mean = mean
    deviation = (squares / Double(max(voxels.count - 1, 1))).squareRoot()
  }
}

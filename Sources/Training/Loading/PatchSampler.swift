import Statistics

/// Chooses where in a case a training patch is cut, by nnU-Net's rules.
public struct PatchSampler: Sendable {
  /// The shape of the region that is cut, (z, y, x).
  public let region: [Int]
  /// The shape of the patch the network sees; the difference is what a region may reach over the case's borders.
  public let patch: [Int]
  /// The share of a batch that must show foreground.
  public let foregroundShare: Double

  public init(region: [Int], patch: [Int], foregroundShare: Double) {
    self.region = region
    self.patch = patch
    self.foregroundShare = foregroundShare
  }

  /// Whether the sample at `position` of a batch must show foreground: the last third does, without chance.
  public func oversamplesForeground(position: Int, batchSize: Int) -> Bool {
    position >= Int((Double(batchSize) * (1 - foregroundShare)).rounded(.toNearestOrEven))
  }

  /// The lower corner (z, y, x) of a region in a case of the given shape. It can be negative, and the region can reach
  /// over the far border.
  ///
  /// - Parameter centers: nil for a region anywhere; or else, for each class, voxels that belong to it as (z, y, x)
  ///   triples. The region is centered at one of them, of a class drawn without regard to its size, as far as that
  ///   leaves the near borders where they are. When no class has a voxel the region lies anywhere.
  public func lowerCorner(shape: [Int], centers: [[Int32]]?, using random: inout CounterRandom) -> [Int] {
    let overhang = (0..<3).map { axis in
      (max(region[axis] - patch[axis], region[axis] - shape[axis]) + 1) / 2
    }
    let classes = centers?.filter { !$0.isEmpty } ?? []
    guard !classes.isEmpty else {
      return (0..<3).map { random.integer(-overhang[$0], shape[$0] + overhang[$0] - region[$0]) }
    }
    let voxels = classes[random.integer(0, classes.count - 1)]
    let voxel = random.integer(0, voxels.count / 3 - 1)
    return (0..<3).map { max(-overhang[$0], Int(voxels[3 * voxel + $0]) - region[$0] / 2) }
  }
}

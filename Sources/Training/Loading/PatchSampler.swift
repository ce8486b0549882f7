import Statistics

/// Chooses where a patch is cut from a case, by nnU-Net's rules.
///
/// What is cut is a region: for training with augmentation it is larger than the patch, so that a rotated patch finds
/// its corners; otherwise it is the patch itself.
public struct PatchSampler: Sendable {
  /// The shape of the region that is cut, (z, y, x).
  public let region: [Int]
  /// The shape of the patch that the network sees, (z, y, x).
  ///
  /// A region may reach over the borders of the case by half of what it is larger than the patch.
  public let patch: [Int]
  /// The share of each batch whose patches are centered on a foreground voxel.
  public let foregroundShare: Double

  /// Creates a sampler of regions.
  ///
  /// - Parameters:
  ///   - region: The shape of the region that is cut, (z, y, x).
  ///   - patch: The shape of the patch that the network sees, (z, y, x).
  ///   - foregroundShare: The share of each batch that is centered on foreground, from 0 to 1; 0.33 in nnU-Net.
  public init(region: [Int], patch: [Int], foregroundShare: Double) {
    self.region = region
    self.patch = patch
    self.foregroundShare = foregroundShare
  }

  /// Whether a sample is centered on a foreground voxel.
  ///
  /// The samples at the end of a batch are, without any randomness: those from position round(B · (1 − share)) on, with
  /// halves rounded to even. With nnU-Net's share of 0.33 that is one sample of two and three of nine.
  ///
  /// - Parameters:
  ///   - position: The position of the sample in the batch, from 0.
  ///   - batchSize: The number B of samples in the batch.
  public func oversamplesForeground(position: Int, batchSize: Int) -> Bool {
    position >= Int((Double(batchSize) * (1 - foregroundShare)).rounded(.toNearestOrEven))
  }

  /// Draws the lower corner (z, y, x) of a region, in voxels of the case.
  ///
  /// The corner may be negative, and the region may reach over the far borders. Without centers, each coordinate is
  /// uniform in −⌈n/2⌉ … s + ⌈n/2⌉ − r, where s and r are the extents of case and region, and n is what the region is
  /// larger than the patch, or than the case if that is more.
  ///
  /// With centers, first a class and then one of its voxels is drawn uniformly, and the region is centered on it. The
  /// corner is then at least −⌈n/2⌉; there is no such limit at the far borders.
  ///
  /// - Parameters:
  ///   - shape: The shape of the case, (z, y, x).
  ///   - centers: For each class, voxels that belong to it as (z, y, x) triples one after the other; `nil` for a region
  ///     anywhere, which is also what is drawn when no class has a voxel.
  ///   - random: The source of random numbers.
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

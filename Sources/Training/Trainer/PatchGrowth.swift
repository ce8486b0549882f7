import Plans

/// Patches that grow during a training (after Fischer et al. 2025, "Progressive Growing of Patch Size",
/// <https://arxiv.org/abs/2510.23241>).
///
/// The network is fully convolutional, so its weights fit every patch. Small patches take little time and show more
/// foreground, because those that are centered on it are filled by it; large ones show the surroundings. With edges of
/// 0.4, 0.55, 0.7, 0.85 and 1 of the plan's, a training takes about 44 % of the operations.
struct PatchGrowth {
  /// The patches of the stages, smallest first; the last is the plan's.
  let patches: [[Int]]

  private static let shares = [0.4, 0.55, 0.7, 0.85, 1]

  /// - Parameters:
  ///   - patch: The plan's patch, (z, y, x).
  ///   - divisors: What each edge must be a multiple of. Edges have at least twice as many voxels, as far as the plan's
  ///     have: statistics of single voxels would say nothing.
  init(patch: [Int], divisors: [Int]) {
    patches = Self.shares.map { share in
      zip(patch, divisors).map { edge, divisor in
        let multiple = (share * Double(edge) / Double(divisor)).rounded(.toNearestOrAwayFromZero)
        return min(edge, max(2, Int(multiple)) * divisor)
      }
    }
  }

  /// The patch of an epoch.
  ///
  /// - Parameters:
  ///   - epoch: The number of the epoch, from 0.
  ///   - epochs: The number of epochs of the training.
  func patch(in epoch: Int, of epochs: Int) -> [Int] {
    patches[min(patches.count - 1, epoch * patches.count / max(1, epochs))]
  }
}

extension TrainingSettings {
  /// The patch of an epoch.
  func patch(_ configuration: PlanConfiguration, in epoch: Int) -> [Int] {
    guard schedule == .progressive else { return configuration.patchSize }
    return PatchGrowth(patch: configuration.patchSize, divisors: configuration.network.divisors)
      .patch(in: epoch, of: epochs)
  }
}

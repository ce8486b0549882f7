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

  /// The patch with which a training goes on.
  ///
  /// - Parameter share: The share of the epochs that are done.
  func patch(at share: Double) -> [Int] {
    patches[max(0, min(patches.count - 1, Int(share * Double(patches.count))))]
  }

  /// The voxels of a patch, relative to those of the plan's.
  func cost(of patch: [Int]) -> Double { Double(patch.reduce(1, *)) / Double(patches[patches.count - 1].reduce(1, *)) }

  /// The voxels of each stage, relative to those of a stage with the plan's patch.
  private var costs: [Double] { patches.map(cost) }

  /// The time of the training, relative to that of one with the plan's patch and as many epochs.
  var cost: Double { costs.reduce(0, +) / Double(costs.count) }

  /// The time that is left after a share of the epochs, relative to that of a whole training with the plan's patch.
  func costLeft(at share: Double) -> Double {
    costs.enumerated().reduce(0) { sum, stage in
      let done = min(max(share * Double(patches.count) - Double(stage.offset), 0), 1)
      return sum + (1 - done) * stage.element
    } / Double(patches.count)
  }

  /// The share of the epochs that are done in a share of the training's time; above 1 for more than the whole.
  func share(ofTime share: Double) -> Double {
    var time = share * cost * Double(patches.count)
    for (stage, stageCost) in costs.enumerated() {
      if time < stageCost { return (Double(stage) + time / stageCost) / Double(patches.count) }
      time -= stageCost
    }
    return 1 + time / Double(patches.count)
  }
}

import Files
import Foundation

/// Finds the largest patch and batch that fit into the memory, by nnU-Net's rules for three dimensions.
struct PatchPlanner {
  /// A patch with its network, and how many of them make a batch.
  struct Proposal {
    let topology: Topology
    let batchSize: Int
  }

  /// Entries of `labels` in `dataset.json`.
  let labelCount: Int
  let caseCount: Int
  /// Elements of a sample's feature maps that fit for a batch of two.
  let budget: Double
  private static let budgetBatchSize = 2.0
  /// A batch holds at most this share of all voxels of the data set.
  private static let largestBatchShare = 0.05

  init(labelCount: Int, caseCount: Int, memoryGB: Double) {
    self.labelCount = labelCount
    self.caseCount = caseCount
    budget = 560e6 * (memoryGB / 8)
  }

  /// A patch as isotropic in mm as the median shape allows, of 256³ voxels at most, shrunk until it fits.
  ///
  /// - Throws: `InputError` when not even the smallest patch fits.
  func propose(spacing: [Double], median: [Double]) throws -> Proposal {
    try propose(spacing: spacing, median: median, voxels: median.reduce(1, *) * Double(caseCount))
  }

  private func propose(spacing: [Double], median: [Double], voxels: Double) throws -> Proposal {
    let inverse = spacing.map { 1 / $0 }
    let scale = pow(16_777_216 / inverse.reduce(1, *), 1.0 / 3)
    let start = zip(inverse, median).map { min(max(1, ($0 * scale).roundedHalfToEven), $1) }
    var topology = Topology(spacing: spacing, patch: start)
    var elements = topology.featureMapElements(labelCount: labelCount)
    var steps = 0
    while elements > budget {
      let share = zip(topology.patch, median).map { Double($0) / $1 }
      let axis = (0..<3).max { share[$0] < share[$1] || (share[$0] == share[$1] && $0 < $1) } ?? 0
      // The step is the divisor that the smaller patch will have, not the present one.
      var smaller = topology.patch.map(Double.init)
      smaller[axis] -= Double(topology.divisors[axis])
      var next = topology.patch
      next[axis] -= Topology(spacing: spacing, patch: smaller).divisors[axis]
      steps += 1
      guard next[axis] > 0, steps < 10_000 else {
        throw InputError("--memory", found: "too little for the smallest patch", expected: "more GB")
      }
      topology = Topology(spacing: spacing, patch: next.map(Double.init))
      elements = topology.featureMapElements(labelCount: labelCount)
    }
    let batch = (budget / elements * Self.budgetBatchSize).roundedHalfToEven
    let patchVoxels = Double(topology.patch.reduce(1, *))
    let most = (voxels * Self.largestBatchShare / patchVoxels).roundedHalfToEven
    return Proposal(topology: topology, batchSize: Int(max(min(batch, most), 2)))
  }

  /// Whether nnU-Net would put a low resolution network in front: when the patch sees less than a quarter of the median image and
  /// an image coarse enough has at most half its voxels. nnU-Net then sums Dice over the batch at full resolution.
  func hasLowResolutionStage(_ full: Proposal, spacing: [Double], median: [Double]) throws -> Bool {
    let allVoxels = median.reduce(1, *)
    var voxels = allVoxels
    var patchVoxels = Double(full.topology.patch.reduce(1, *))
    var coarse = spacing
    while patchVoxels / voxels < 0.25 {
      let coarsest = coarse.max() ?? 1
      let finer = coarse.map { coarsest / $0 > 2 }
      coarse = coarse.indices.map { finer.contains(true) && !finer[$0] ? coarse[$0] : coarse[$0] * 1.03 }
      let shape = (0..<3).map { spacing[$0] / coarse[$0] * median[$0] }
      voxels = shape.reduce(1, *)
      let low = try propose(
        spacing: coarse, median: shape.map { max(1, $0.roundedHalfToEven) }, voxels: voxels * Double(caseCount))
      patchVoxels = Double(low.topology.patch.reduce(1, *))
    }
    return allVoxels / voxels >= 2
  }
}

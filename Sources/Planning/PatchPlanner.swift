import Datasets
import Files
import Foundation
import Plans

/// Finds the largest patch and batch that fit into the memory, by nnU-Net's rules. Volumes have three axes, slices two.
struct PatchPlanner {
  /// A patch with its network, and how many of them make a batch.
  struct Proposal {
    let patch: [Int]
    let batchSize: Int
    let network: NetworkPlan
  }

  /// A coarser image for a first look at the whole.
  struct LowResolution {
    let spacing: [Double]
    let median: [Double]
    let proposal: Proposal
  }

  let rules: PlannerRules
  let memoryGB: Double
  /// Entries of `labels` in `dataset.json`.
  let labelCount: Int
  let caseCount: Int
  /// PyTorch's name of the networks' activation.
  let activation: String

  /// The network of a topology.
  func network(_ topology: Topology) -> NetworkPlan {
    NetworkPlan(
      features: topology.features(most: topology.patch.count == 2 ? 512 : 320), kernels: topology.kernels,
      strides: topology.strides, activation: activation, residual: rules.isResidual)
  }

  /// A patch as isotropic in mm as the median shape allows, of 256³ voxels or 2048² pixels at most, shrunk until it
  /// fits.
  ///
  /// - Parameter voxels: of all images of the data set together.
  /// - Throws: `InputError` when not even the smallest patch fits.
  func propose(spacing: [Double], median: [Double], voxels: Double) throws -> Proposal {
    let isSlice = spacing.count == 2
    let budget = (isSlice ? rules.sliceElements : rules.volumeElements) * (memoryGB / rules.memoryGB)
    let budgetBatchSize = isSlice ? 12.0 : 2.0
    // The residual planners ask for no more than the budget's batch size even of slices.
    let leastBatchSize = rules.isResidual ? budgetBatchSize : 2

    let inverse = spacing.map { 1 / $0 }
    let most: Double = isSlice ? 2048 * 2048 : 256 * 256 * 256
    let scale = pow(most / inverse.reduce(1, *), 1 / Double(spacing.count))
    let start = zip(inverse, median).map { min(max(1, ($0 * scale).rounded(.toNearestOrEven)), $1) }
    var topology = Topology(spacing: spacing, patch: start)
    var network = network(topology)
    var elements = network.featureMapElements(patch: topology.patch, labelCount: labelCount)
    var steps = 0
    while elements / budgetBatchSize * leastBatchSize > budget {
      let share = zip(topology.patch, median).map { Double($0) / $1 }
      let axis = share.indices.max { share[$0] < share[$1] || (share[$0] == share[$1] && $0 < $1) } ?? 0
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
      network = self.network(topology)
      elements = network.featureMapElements(patch: topology.patch, labelCount: labelCount)
    }
    let batch = (budget / elements * budgetBatchSize).rounded(.toNearestOrEven)
    let patchVoxels = Double(topology.patch.reduce(1, *))
    let largest = (voxels * rules.largestBatchShare / patchVoxels).rounded(.toNearestOrEven)
    return Proposal(patch: topology.patch, batchSize: Int(max(min(batch, largest), 2)), network: network)
  }

  /// The low resolution network nnU-Net puts in front when a patch sees less than a quarter of the median image: the
  /// spacing is made coarser, the finer axes first, until a patch sees that much. `nil` when not due, or when it has
  /// more than half the voxels.
  func lowResolution(than full: Proposal, spacing: [Double], median: [Double]) throws -> LowResolution? {
    let allVoxels = median.reduce(1, *)
    var voxels = allVoxels
    var patchVoxels = Double(full.patch.reduce(1, *))
    var coarse = spacing
    var found: LowResolution?
    while patchVoxels / voxels < 0.25 {
      let coarsest = coarse.max() ?? 1
      let finer = coarse.map { coarsest / $0 > 2 }
      coarse = coarse.indices.map { finer.contains(true) && !finer[$0] ? coarse[$0] : coarse[$0] * 1.03 }
      let shape = coarse.indices.map { spacing[$0] / coarse[$0] * median[$0] }
      voxels = shape.reduce(1, *)
      let rounded = shape.map { max(1, $0.rounded(.toNearestOrEven)) }
      let proposal = try propose(spacing: coarse, median: rounded, voxels: voxels * Double(caseCount))
      patchVoxels = Double(proposal.patch.reduce(1, *))
      found = LowResolution(spacing: coarse, median: rounded, proposal: proposal)
    }
    return allVoxels / voxels < 2 ? nil : found
  }
}

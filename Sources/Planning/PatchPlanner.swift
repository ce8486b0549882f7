import Datasets
import Files
import Foundation
import Plans

/// Finds the largest patch and batch that fit into the memory, by nnU-Net's rules.
///
/// Axes are in the plan's order: three for volumes, two for slices.
struct PatchPlanner {
  /// A patch size with its network and batch size.
  struct Proposal {
    let patch: [Int]
    let batchSize: Int
    let network: NetworkPlan
  }

  /// A configuration at a coarser spacing, whose patch shows a larger part of the image.
  struct LowResolution {
    /// Target spacing in mm.
    let spacing: [Double]
    /// Median image size in voxels at that spacing.
    let median: [Double]
    let proposal: Proposal
  }

  let rules: PlannerRules
  let memoryGB: Double
  /// The number of entries of `labels` in `dataset.json`.
  let labelCount: Int
  let caseCount: Int
  /// PyTorch's class name of the activation.
  let activation: String

  /// The network of a topology.
  func network(_ topology: Topology) -> NetworkPlan {
    NetworkPlan(
      features: topology.features(maximum: topology.patch.count == 2 ? 512 : 320), kernels: topology.kernels,
      strides: topology.strides, activation: activation, residual: rules.isResidual)
  }

  /// Proposes a patch and a batch size for a target spacing.
  ///
  /// The first candidate has the same edge in mm along every axis and 256³ voxels (slices: 2048² pixels), and no edge
  /// longer than the median image. As long as its network is too large, the axis with the largest share patch / median
  /// of the image is shortened; of equal shares, the last one.
  ///
  /// With a budget of B elements in feature maps, made for b = 2 samples (slices: 12), and e elements in each sample,
  /// the batch size is
  ///
  ///     max(2, min(round(B / e · b), round(maximumBatchShare · voxels / patch voxels)))
  ///
  /// - Parameters:
  ///   - spacing: Target spacing in mm.
  ///   - median: Median image size in voxels at that spacing.
  ///   - voxels: Voxels of all images of the data set together.
  /// - Throws: `InputError` when not even the smallest patch fits.
  func propose(spacing: [Double], median: [Double], voxels: Double) throws -> Proposal {
    let isSlice = spacing.count == 2
    let budget = (isSlice ? rules.sliceElements : rules.volumeElements) * (memoryGB / rules.memoryGB)
    let budgetBatchSize = isSlice ? 12.0 : 2.0
    // The plain planner shrinks the patch only if not even 2 samples fit. The residual ones do so if the budget's own
    // batch size does not fit, which differs for slices.
    let minimumBatchSize = rules.isResidual ? budgetBatchSize : 2

    let inverse = spacing.map { 1 / $0 }
    let maximumVoxels: Double = isSlice ? 2048 * 2048 : 256 * 256 * 256
    let scale = pow(maximumVoxels / inverse.reduce(1, *), 1 / Double(spacing.count))
    let start = zip(inverse, median).map { min(max(1, ($0 * scale).rounded(.toNearestOrEven)), $1) }
    var topology = Topology(spacing: spacing, patch: start)
    var network = network(topology)
    var elements = network.featureMapElements(patch: topology.patch, labelCount: labelCount)
    var steps = 0
    while elements / budgetBatchSize * minimumBatchSize > budget {
      let share = zip(topology.patch, median).map { Double($0) / $1 }
      let axis = share.indices.max { share[$0] < share[$1] || (share[$0] == share[$1] && $0 < $1) } ?? 0
      // As in nnU-Net, the step is the divisor of the smaller patch, not that of the present one.
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
    let maximumBatch = (voxels * rules.maximumBatchShare / patchVoxels).rounded(.toNearestOrEven)
    return Proposal(patch: topology.patch, batchSize: Int(max(min(batch, maximumBatch), 2)), network: network)
  }

  /// Plans the low-resolution stage for images much larger than a full-resolution patch.
  ///
  /// While a patch has less than a quarter of the median image's voxels, the spacing is made coarser by 3 %: along the
  /// axes finer than half of the coarsest one, or along all axes when there are none.
  ///
  /// - Parameters:
  ///   - full: The proposal for full resolution.
  ///   - spacing: Full-resolution spacing in mm.
  ///   - median: Median image size in voxels at full resolution.
  /// - Returns: `nil` when a full-resolution patch has a quarter of the image's voxels, or when the coarser image would
  ///   have more than half of them.
  /// - Throws: `InputError` when not even the smallest patch fits.
  func lowResolution(than full: Proposal, spacing: [Double], median: [Double]) throws -> LowResolution? {
    let allVoxels = median.reduce(1, *)
    var voxels = allVoxels
    var patchVoxels = Double(full.patch.reduce(1, *))
    var coarse = spacing
    var result: LowResolution?
    while patchVoxels / voxels < 0.25 {
      let coarsest = coarse.max() ?? 1
      let finer = coarse.map { coarsest / $0 > 2 }
      coarse = coarse.indices.map { finer.contains(true) && !finer[$0] ? coarse[$0] : coarse[$0] * 1.03 }
      let shape = coarse.indices.map { spacing[$0] / coarse[$0] * median[$0] }
      voxels = shape.reduce(1, *)
      let rounded = shape.map { max(1, $0.rounded(.toNearestOrEven)) }
      let proposal = try propose(spacing: coarse, median: rounded, voxels: voxels * Double(caseCount))
      patchVoxels = Double(proposal.patch.reduce(1, *))
      result = LowResolution(spacing: coarse, median: rounded, proposal: proposal)
    }
    return allVoxels / voxels < 2 ? nil : result
  }
}

/// The constants in which nnU-Net's planners differ: the network, the memory budget, and the largest batch.
struct PlannerRules: Sendable {
  /// nnU-Net's class of the planner.
  let plannerName: String
  /// nnU-Net's name of the plan.
  let plansName: String
  /// Whether the encoder is made of residual blocks.
  let isResidual: Bool
  /// Elements of a volume's feature maps that fit into `memoryGB` in a batch of 2.
  let volumeElements: Double
  /// Elements of a slice's feature maps that fit into `memoryGB` in a batch of 12.
  let sliceElements: Double
  /// The memory in GB of the device that the planner is made for.
  let memoryGB: Double
  /// The largest share of the data set's voxels that a batch may hold.
  let maximumBatchShare: Double

  static let plain = PlannerRules(
    plannerName: "ExperimentPlanner", plansName: "nnUNetPlans", isResidual: false, volumeElements: 560e6,
    sliceElements: 85e6, memoryGB: 8, maximumBatchShare: 0.05)

  static let residualM = residual("M", 680e6, 135e6, memoryGB: 8)
  static let residualL = residual("L", 2100e6, 380e6, memoryGB: 24)
  static let residualXL = residual("XL", 3600e6, 560e6, memoryGB: 40)

  private static func residual(_ size: String, _ volumeElements: Double, _ sliceElements: Double, memoryGB: Double)
    -> PlannerRules
  {
    PlannerRules(
      plannerName: "nnUNetPlannerResEnc\(size)", plansName: "nnUNetResEncUNet\(size)Plans", isResidual: true,
      volumeElements: volumeElements, sliceElements: sliceElements, memoryGB: memoryGB, maximumBatchShare: 1)
  }

  /// nnU-Net's folder name of the preprocessed data. At full resolution all planners share the same data.
  func dataIdentifier(_ configuration: String) -> String {
    "\(configuration == "3d_lowres" ? plansName : Self.plain.plansName)_\(configuration)"
  }
}

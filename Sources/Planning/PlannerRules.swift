/// What sets nnU-Net's planners apart: the network, its yardstick of memory, and how much of a data set a batch may
/// hold.
struct PlannerRules: Sendable {
  /// nnU-Net's class.
  let plannerName: String
  let plansName: String
  /// Whether the encoder is made of residual blocks.
  let isResidual: Bool
  /// Elements of a sample's feature maps that fit into `memoryGB`: for volumes in batches of 2, for slices in batches
  /// of 12.
  let volumeElements: Double
  let sliceElements: Double
  /// The device the planner is made for, in GB.
  let memoryGB: Double
  /// The share of all voxels of the data set that a batch may hold.
  let largestBatchShare: Double

  static let plain = PlannerRules(
    plannerName: "ExperimentPlanner", plansName: "nnUNetPlans", isResidual: false, volumeElements: 560e6,
    sliceElements: 85e6, memoryGB: 8, largestBatchShare: 0.05)

  static let residualM = residual("M", 680e6, 135e6, memoryGB: 8)
  static let residualL = residual("L", 2100e6, 380e6, memoryGB: 24)
  static let residualXL = residual("XL", 3600e6, 560e6, memoryGB: 40)

  private static func residual(_ size: String, _ volumeElements: Double, _ sliceElements: Double, memoryGB: Double)
    -> PlannerRules
  {
    PlannerRules(
      plannerName: "nnUNetPlannerResEnc\(size)", plansName: "nnUNetResEncUNet\(size)Plans", isResidual: true,
      volumeElements: volumeElements, sliceElements: sliceElements, memoryGB: memoryGB, largestBatchShare: 1)
  }

  /// The folder of preprocessed data. All planners see the same data at full resolution, and share it.
  func dataIdentifier(_ configuration: String) -> String {
    "\(configuration == "3d_lowres" ? plansName : Self.plain.plansName)_\(configuration)"
  }
}

import Datasets
import Files

/// nnU-Net's default planner: spacing, patch, network and batch size from a fingerprint and a memory budget.
///
/// What nnU-Net's `ExperimentPlanner` decides comes out equal, except that the activation is ReLU and not leaky ReLU.
public struct ExperimentPlanner: Sendable {
  /// Memory of the device the plan is for, in GB.
  public let memoryGB: Double
  public let preset: Preset

  /// - Throws: `InputError` for a memory that is not a positive number.
  public init(memoryGB: Double = 8, preset: Preset = .default) throws {
    guard memoryGB > 0, memoryGB < 1e6 else {
      throw InputError("--memory", found: "\(memoryGB)", expected: "a positive number of GB")
    }
    self.memoryGB = memoryGB
    self.preset = preset
  }

  /// Plans the configuration `3d_fullres`.
  ///
  /// - Parameter datasetName: written into the plan.
  /// - Throws: `InputError` when fingerprint and description contradict each other, for slices, and when the memory is too small.
  public func plan(_ fingerprint: Fingerprint, _ description: DatasetDescription, datasetName: String) throws -> Plan {
    guard fingerprint.intensityProperties.count == description.channelNames.count else {
      throw InputError(
        "fingerprint of \(datasetName)", found: "\(fingerprint.intensityProperties.count) channels",
        expected: "\(description.channelNames.count), as in dataset.json")
    }
    let target = preset.published?.spacing ?? Self.targetSpacing(fingerprint)
    // The coarsest axis goes first.
    let coarsest = target.firstIndex(of: target.max() ?? 0) ?? 0
    let transpose = [coarsest] + (0..<3).filter { $0 != coarsest }
    let spacing = transpose.map { target[$0] }
    let shapes = zip(fingerprint.spacings, fingerprint.shapesAfterCrop).map { old, shape in
      (0..<3).map { (old[$0] / target[$0] * Double(shape[$0])).roundedHalfToEven }
    }
    let median = transpose.map { axis in Statistics.median(shapes.map { $0[axis] }) }
    guard median[0] > 1, median.allSatisfy({ $0 >= 1 }) else {
      throw InputError(
        "fingerprint of \(datasetName)", found: "images of \(median) voxels at \(spacing) mm",
        expected: "volumes; slices are not supported yet")
    }

    let planner = PatchPlanner(
      labelCount: description.labels.count, caseCount: description.trainingCaseCount, memoryGB: memoryGB)
    let proposal: PatchPlanner.Proposal
    let batchDice: Bool
    if let patch = preset.published?.patch {
      proposal = PatchPlanner.Proposal(
        topology: Topology(spacing: spacing, patch: patch.map(Double.init)), batchSize: 2)
      batchDice = false
    } else {
      proposal = try planner.propose(spacing: spacing, median: median)
      batchDice = try planner.hasLowResolutionStage(proposal, spacing: spacing, median: median)
    }
    return Plan(
      datasetName: datasetName, plansName: "nnUNetPlans", transposeForward: transpose,
      intensityProperties: fingerprint.intensityProperties,
      configurations: [
        configuration(proposal, batchDice, spacing: spacing, median: median, fingerprint, description)
      ],
      training: preset.training, others: Self.summary(fingerprint, description, transpose))
  }

  private func configuration(
    _ proposal: PatchPlanner.Proposal, _ batchDice: Bool, spacing: [Double], median: [Double],
    _ fingerprint: Fingerprint,
    _ description: DatasetDescription
  ) -> PlanConfiguration {
    let schemes = description.channelNames.map(Self.normalizationScheme)
    let topology = proposal.topology
    return PlanConfiguration(
      name: "3d_fullres", dataIdentifier: "nnUNetPlans_3d_fullres", patchSize: topology.patch,
      batchSize: proposal.batchSize, spacing: spacing, medianImageSize: median, normalizationSchemes: schemes,
      useMaskForNorm: schemes.map {
        $0 == "ZScoreNormalization" && fingerprint.medianRelativeSizeAfterCropping < 0.75
      },
      network: NetworkPlan(
        features: topology.features, kernels: topology.kernels, strides: topology.strides, activation: NetworkPlan.relu),
      batchDice: batchDice)
  }

  /// Members of nnU-Net's schema that inform the reader only.
  private static func summary(
    _ fingerprint: Fingerprint, _ description: DatasetDescription, _ transpose: [Int]
  ) -> JSONObject {
    let spacing = transpose.map { axis in Statistics.median(fingerprint.spacings.map { $0[axis] }) }
    let shape = transpose.map { axis in Statistics.median(fingerprint.shapesAfterCrop.map { Double($0[axis]) }) }
    return JSONObject([
      ("original_median_spacing_after_transp", .numbers(spacing)),
      ("original_median_shape_after_transp", .integers(shape.map { Int($0.roundedHalfToEven) })),
      ("image_reader_writer", .string(description.fileEnding == ".nii.gz" ? "SimpleITKIO" : "NibabelIO")),
      ("transpose_forward", .null), ("transpose_backward", .null), ("configurations", .null),
      ("experiment_planner_used", .string("ExperimentPlanner")),
      ("label_manager", .string("LabelManager")),
    ])
  }

  /// The median spacing; of an axis much coarser and shorter than the others the tenth percentile, but never finer than they are.
  private static func targetSpacing(_ fingerprint: Fingerprint) -> [Double] {
    func spacings(_ axis: Int) -> [Double] { fingerprint.spacings.map { $0[axis] } }
    var target = (0..<3).map { Statistics.percentile(50, spacings($0)) }
    let size = (0..<3).map { axis in Statistics.percentile(50, fingerprint.shapesAfterCrop.map { Double($0[axis]) }) }
    let worst = target.firstIndex(of: target.max() ?? 0) ?? 0
    let others = (0..<3).filter { $0 != worst }
    let coarsestOther = others.map { target[$0] }.max() ?? 0
    let shortestOther = others.map { size[$0] }.min() ?? 0
    guard target[worst] > 3 * coarsestOther, 3 * size[worst] < shortestOther else { return target }
    let finer = Statistics.percentile(10, spacings(worst))
    target[worst] = finer < coarsestOther ? coarsestOther + 1e-5 : finer
    return target
  }

  private static func normalizationScheme(_ channelName: String) -> String {
    switch channelName.lowercased() {
    case "ct": "CTNormalization"
    case "nonorm": "NoNormalization"
    case "rescale_to_0_1": "RescaleTo01Normalization"
    case "rgb_to_0_1": "RGBTo01Normalization"
    default: "ZScoreNormalization"
    }
  }
}

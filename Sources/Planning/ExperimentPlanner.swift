import Datasets
import Files
import Plans
import Statistics

/// nnU-Net's planners: spacing, patch, network and batch size from a fingerprint and a memory budget.
///
/// What nnU-Net's `ExperimentPlanner` and `nnUNetPlannerResEncM`, `L` and `XL` decide comes out equal, except that the
/// activation of plain networks is ReLU and not leaky ReLU.
public struct ExperimentPlanner: Sendable {
  /// Memory of the device the plan is for, in GB.
  public let memoryGB: Double
  public let preset: Preset

  /// - Parameter memoryGB: what the preset's planner is made for when `nil`, 8 GB by default.
  /// - Throws: `InputError` for a memory that is not a positive number.
  public init(memoryGB: Double? = nil, preset: Preset = .default) throws {
    self.memoryGB = memoryGB ?? preset.rules.memoryGB
    self.preset = preset
    guard self.memoryGB > 0, self.memoryGB < 1e6 else {
      throw InputError("--memory", found: "\(self.memoryGB)", expected: "a positive number of GB")
    }
  }

  /// Plans the configurations `2d`, `3d_fullres` and, for images much larger than a patch, `3d_lowres` and
  /// `3d_cascade_fullres`; of single slices `2d` alone, and with a published preset `3d_fullres` alone.
  ///
  /// - Parameter datasetName: written into the plan.
  /// - Throws: `InputError` when fingerprint and description contradict each other, and when the memory is too small.
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
      (0..<3).map { (old[$0] / target[$0] * Double(shape[$0])).rounded(.toNearestOrEven) }
    }
    let median = transpose.map { axis in Quantile.median(shapes.map { $0[axis] }) }
    guard median.allSatisfy({ $0 >= 1 }) else {
      throw InputError(
        "fingerprint of \(datasetName)", found: "images of \(median) voxels at \(spacing) mm",
        expected: "images that are at least a voxel thick at the median spacing")
    }

    let planner = PatchPlanner(
      rules: preset.rules, memoryGB: memoryGB, labelCount: description.labels.count,
      caseCount: description.trainingCaseCount,
      activation: preset.rules.isResidual ? NetworkPlan.leakyReLU : NetworkPlan.relu)
    let scheme = ConfigurationScheme(fingerprint, description, preset.rules)
    return Plan(
      datasetName: datasetName, plansName: preset.rules.plansName, transposeForward: transpose,
      intensityProperties: fingerprint.intensityProperties,
      configurations: try configurations(planner, scheme, spacing: spacing, median: median),
      training: preset.training, others: summary(fingerprint, description, transpose))
  }

  private func configurations(
    _ planner: PatchPlanner, _ scheme: ConfigurationScheme, spacing: [Double], median: [Double]
  ) throws -> [PlanConfiguration] {
    if let patch = preset.published?.patch {
      let topology = Topology(spacing: spacing, patch: patch.map(Double.init))
      let proposal = PatchPlanner.Proposal(
        patch: topology.patch, batchSize: 2, network: planner.network(topology))
      return [scheme.configuration("3d_fullres", proposal, spacing: spacing, median: median, batchDice: false)]
    }
    let voxels = median.reduce(1, *) * Double(planner.caseCount)
    let (pixelSpacing, sliceMedian) = (Array(spacing.dropFirst()), Array(median.dropFirst()))
    let slice = try planner.propose(spacing: pixelSpacing, median: sliceMedian, voxels: voxels)
    let slices = scheme.configuration("2d", slice, spacing: pixelSpacing, median: sliceMedian, batchDice: true)
    guard median[0] != 1 else { return [slices] }

    let full = try planner.propose(spacing: spacing, median: median, voxels: voxels)
    let low = try planner.lowResolution(than: full, spacing: spacing, median: median)
    // The network at full resolution sees small parts of the image only: their Dice is summed over the batch.
    let fullResolution = scheme.configuration(
      "3d_fullres", full, spacing: spacing, median: median, batchDice: low != nil)
    guard let low else { return [slices, fullResolution] }
    let cascade = PlanConfiguration(
      name: "3d_cascade_fullres", inheritingFrom: fullResolution, previousStage: "3d_lowres")
    let lowResolution = scheme.configuration(
      "3d_lowres", low.proposal, spacing: low.spacing, median: low.median, batchDice: false, nextStage: cascade.name)
    return [slices, lowResolution, fullResolution, cascade]
  }

  /// Members of nnU-Net's schema that inform the reader only.
  private func summary(
    _ fingerprint: Fingerprint, _ description: DatasetDescription, _ transpose: [Int]
  ) -> JSONObject {
    let spacing = transpose.map { axis in Quantile.median(fingerprint.spacings.map { $0[axis] }) }
    let shape = transpose.map { axis in Quantile.median(fingerprint.shapesAfterCrop.map { Double($0[axis]) }) }
    return JSONObject([
      ("original_median_spacing_after_transp", .numbers(spacing)),
      ("original_median_shape_after_transp", .integers(shape.map { Int($0.rounded(.toNearestOrEven)) })),
      ("image_reader_writer", .string(Self.reader(description))),
      ("transpose_forward", .null), ("transpose_backward", .null), ("configurations", .null),
      ("experiment_planner_used", .string(preset.rules.plannerName)),
      ("label_manager", .string("LabelManager")),
    ])
  }

  /// The median spacing; of an axis much coarser and shorter than the others the tenth percentile, but never finer
  /// than they are.
  private static func targetSpacing(_ fingerprint: Fingerprint) -> [Double] {
    func spacings(_ axis: Int) -> [Double] { fingerprint.spacings.map { $0[axis] } }
    var target = (0..<3).map { Quantile.percentile(50, of: spacings($0)) }
    let size = (0..<3).map { axis in Quantile.percentile(50, of: fingerprint.shapesAfterCrop.map { Double($0[axis]) }) }
    let worst = target.firstIndex(of: target.max() ?? 0) ?? 0
    let others = (0..<3).filter { $0 != worst }
    let coarsestOther = others.map { target[$0] }.max() ?? 0
    let shortestOther = others.map { size[$0] }.min() ?? 0
    guard target[worst] > 3 * coarsestOther, 3 * size[worst] < shortestOther else { return target }
    let finer = Quantile.percentile(10, of: spacings(worst))
    target[worst] = finer < coarsestOther ? coarsestOther + 1e-5 : finer
    return target
  }

  /// nnU-Net's class that reads the images: the one `dataset.json` names, or what the ending suggests.
  private static func reader(_ description: DatasetDescription) -> String {
    let known = ["SimpleITKIO", "SimpleITKIOWithReorient", "NibabelIO", "NibabelIOWithReorient"]
    if case .object(let members) = description.document,
      case .string(let name)? = members["overwrite_image_reader_writer"], known.contains(name)
    {
      return name
    }
    return description.fileEnding.lowercased() == ".nii" ? "NibabelIO" : "SimpleITKIO"
  }
}

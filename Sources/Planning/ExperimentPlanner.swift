import Datasets
import Files
import Plans
import Statistics

/// Derives a plan from a fingerprint and a memory budget: target spacing, patch, network and batch size.
///
/// The plans equal those of nnU-Net's `ExperimentPlanner` and `nnUNetPlannerResEncM`, `L` and `XL`, except that plain
/// networks have ReLU instead of leaky ReLU.
public struct ExperimentPlanner: Sendable {
  /// The memory of the training device in GB, on nnU-Net's scale for GPUs.
  public let memoryGB: Double
  /// The planner to follow, or published settings.
  public let preset: Preset

  /// Creates a planner.
  ///
  /// - Parameters:
  ///   - memoryGB: The memory of the training device in GB; when `nil`, the preset's: 8, or 24 and 40 for the larger
  ///     residual encoders.
  ///   - preset: The planner to follow, or published settings.
  /// - Throws: `InputError` for a memory that is not a positive number.
  public init(memoryGB: Double? = nil, preset: Preset = .default) throws {
    self.memoryGB = memoryGB ?? preset.rules.memoryGB
    self.preset = preset
    guard self.memoryGB > 0, self.memoryGB < 1e6 else {
      throw InputError("--memory", found: "\(self.memoryGB)", expected: "a positive number of GB")
    }
  }

  /// Plans all configurations of a data set.
  ///
  /// These are `2d`, `3d_fullres` and, for images much larger than a patch, `3d_lowres` and `3d_cascade_fullres`. For
  /// images of one slice there is only `2d`, and for published settings only `3d_fullres`.
  ///
  /// - Parameters:
  ///   - fingerprint: The data set's fingerprint, with axes in the order of the files.
  ///   - description: The data set's `dataset.json`.
  ///   - datasetName: The name of the data set in the plan.
  /// - Throws: `InputError` when fingerprint and description contradict each other, or when the memory is too small.
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
        expected: "images at least one voxel thick at the target spacing")
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
    // With a low-resolution stage, a full-resolution patch shows only a small part of the image, so Dice sums over the
    // batch.
    let fullResolution = scheme.configuration(
      "3d_fullres", full, spacing: spacing, median: median, batchDice: low != nil)
    guard let low else { return [slices, fullResolution] }
    let cascade = PlanConfiguration(
      name: "3d_cascade_fullres", inheritingFrom: fullResolution, previousStage: "3d_lowres")
    let lowResolution = scheme.configuration(
      "3d_lowres", low.proposal, spacing: low.spacing, median: low.median, batchDice: false, nextStage: cascade.name)
    return [slices, lowResolution, fullResolution, cascade]
  }

  /// Members of nnU-Net's schema that only inform the reader, except for `null`s, which reserve the order of keys.
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

  /// The target spacing in mm, in the order of the files.
  ///
  /// It is the median spacing t of each axis. For the coarsest axis w, with median size s, the tenth percentile of its
  /// spacings replaces the median if t(w) > 3 · max t and 3 · s(w) < min s over the other axes; it is kept just above
  /// max t.
  private static func targetSpacing(_ fingerprint: Fingerprint) -> [Double] {
    func spacings(_ axis: Int) -> [Double] { fingerprint.spacings.map { $0[axis] } }
    var target = (0..<3).map { Quantile.percentile(50, of: spacings($0)) }
    let size = (0..<3).map { axis in Quantile.percentile(50, of: fingerprint.shapesAfterCrop.map { Double($0[axis]) }) }
    let coarsest = target.firstIndex(of: target.max() ?? 0) ?? 0
    let others = (0..<3).filter { $0 != coarsest }
    let coarsestOther = others.map { target[$0] }.max() ?? 0
    let shortestOther = others.map { size[$0] }.min() ?? 0
    guard target[coarsest] > 3 * coarsestOther, 3 * size[coarsest] < shortestOther else { return target }
    let finer = Quantile.percentile(10, of: spacings(coarsest))
    target[coarsest] = finer < coarsestOther ? coarsestOther + 1e-5 : finer
    return target
  }

  /// nnU-Net's class for reading the images: the one named in `dataset.json`, or nnU-Net's choice for the file ending.
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

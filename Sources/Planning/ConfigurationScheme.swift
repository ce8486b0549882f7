import Datasets
import Plans

/// The settings that all configurations of a plan share: normalization and the names of preprocessed data.
struct ConfigurationScheme {
  private let rules: PlannerRules
  private let normalizationSchemes: [String]
  private let useMaskForNorm: [Bool]

  init(_ fingerprint: Fingerprint, _ description: DatasetDescription, _ rules: PlannerRules) {
    self.rules = rules
    normalizationSchemes = description.channelNames.map(Self.normalizationScheme)
    // nnU-Net's rule: where the crop to the nonzero region removes more than a quarter of the median image, the zeros
    // that remain would distort the statistics.
    useMaskForNorm = normalizationSchemes.map {
      $0 == "ZScoreNormalization" && fingerprint.medianRelativeSizeAfterCropping < 0.75
    }
  }

  /// A configuration with the patch, batch and network of `proposal`.
  func configuration(
    _ name: String, _ proposal: PatchPlanner.Proposal, spacing: [Double], median: [Double], batchDice: Bool,
    nextStage: String? = nil
  ) -> PlanConfiguration {
    PlanConfiguration(
      name: name, dataIdentifier: rules.dataIdentifier(name), patchSize: proposal.patch, batchSize: proposal.batchSize,
      spacing: spacing, medianImageSize: median, normalizationSchemes: normalizationSchemes,
      useMaskForNorm: useMaskForNorm, network: proposal.network, batchDice: batchDice, nextStage: nextStage)
  }

  /// nnU-Net's normalization class for a channel's name in `dataset.json`.
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

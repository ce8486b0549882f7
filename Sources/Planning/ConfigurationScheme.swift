import Datasets
import Plans

/// What all configurations of a plan have in common.
struct ConfigurationScheme {
  private let rules: PlannerRules
  private let normalizationSchemes: [String]
  private let useMaskForNorm: [Bool]

  init(_ fingerprint: Fingerprint, _ description: DatasetDescription, _ rules: PlannerRules) {
    self.rules = rules
    normalizationSchemes = description.channelNames.map(Self.normalizationScheme)
    // Images that lost a quarter of their voxels to the crop are mostly background, which is left out of the
    // statistics.
    useMaskForNorm = normalizationSchemes.map {
      $0 == "ZScoreNormalization" && fingerprint.medianRelativeSizeAfterCropping < 0.75
    }
  }

  func configuration(
    _ name: String, _ proposal: PatchPlanner.Proposal, spacing: [Double], median: [Double], batchDice: Bool,
    nextStage: String? = nil
  ) -> PlanConfiguration {
    PlanConfiguration(
      name: name, dataIdentifier: rules.dataIdentifier(name), patchSize: proposal.patch, batchSize: proposal.batchSize,
      spacing: spacing, medianImageSize: median, normalizationSchemes: normalizationSchemes,
      useMaskForNorm: useMaskForNorm, network: proposal.network, batchDice: batchDice, nextStage: nextStage)
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

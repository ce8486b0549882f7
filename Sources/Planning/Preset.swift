import Datasets

/// Settings for a kind of data set that are laid over what the planner finds.
public enum Preset: String, Sendable, CaseIterable {
  /// nnU-Net's own plan and training.
  case `default`
  /// Fetal brain MRI at 0.8 mm with hardness weighted sampling (Fidon et al. 2021).
  case fetalBrain = "fetal-brain"
  /// Brain tumours at 1 mm with hardness weighted sampling (Fidon et al. 2022).
  case brats

  /// Spacing in mm and patch in voxels (z, y, x) of the published trainings; `nil` leaves both to the planner.
  var published: (spacing: [Double], patch: [Int])? {
    switch self {
    case .default: nil
    case .fetalBrain: ([0.8, 0.8, 0.8], [128, 160, 128])
    case .brats: ([1, 1, 1], [128, 192, 128])
    }
  }

  /// The published trainings are nnU-Net's in all but the drawing of cases.
  var training: TrainingSettings {
    var training = TrainingSettings()
    guard self != .default else { return training }
    training.sampler.name = .hardness
    training.sampler.beta = 100
    training.sampler.initialLoss = 2
    return training
  }
}

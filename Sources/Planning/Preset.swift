import Datasets
import HardnessWeighting
import Plans

/// One of nnU-Net's planners, or the settings of a published training, which replace part of the default plan.
public enum Preset: String, Sendable, CaseIterable {
  /// nnU-Net's default planner and training.
  case `default`
  /// Fetal brain MRI at 0.8 mm with hardness-weighted sampling (Fidon et al. 2021).
  case fetalBrain = "fetal-brain"
  /// Brain tumors in MRI at 1 mm with hardness-weighted sampling (Fidon et al. 2022).
  case brats
  /// nnU-Net's residual encoder M, for devices of 8 GB (Isensee et al. 2024).
  case residualM = "resenc-m"
  /// nnU-Net's residual encoder L, for devices of 24 GB.
  case residualL = "resenc-l"
  /// nnU-Net's residual encoder XL, for devices of 40 GB.
  case residualXL = "resenc-xl"

  var rules: PlannerRules {
    switch self {
    case .default, .fetalBrain, .brats: .plain
    case .residualM: .residualM
    case .residualL: .residualL
    case .residualXL: .residualXL
    }
  }

  /// Spacing in mm and patch in voxels, (z, y, x), of the published trainings; `nil` where the planner decides.
  var published: (spacing: [Double], patch: [Int])? {
    switch self {
    case .default, .residualM, .residualL, .residualXL: nil
    case .fetalBrain: ([0.8, 0.8, 0.8], [128, 160, 128])
    case .brats: ([1, 1, 1], [128, 192, 128])
    }
  }

  /// The settings of the training. The published trainings differ from nnU-Net's only in how cases are drawn.
  var training: TrainingSettings {
    var training = TrainingSettings()
    guard published != nil else { return training }
    training.sampler.name = .hardness
    training.sampler.hardness = .published()
    return training
  }
}

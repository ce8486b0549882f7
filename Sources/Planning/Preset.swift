import Datasets
import HardnessWeighting
import Plans

/// Which of nnU-Net's planners is followed, or settings for a kind of data set that are laid over what the planner
/// finds.
public enum Preset: String, Sendable, CaseIterable {
  /// nnU-Net's own plan and training.
  case `default`
  /// Fetal brain MRI at 0.8 mm with hardness weighted sampling (Fidon et al. 2021).
  case fetalBrain = "fetal-brain"
  /// Brain tumours at 1 mm with hardness weighted sampling (Fidon et al. 2022).
  case brats
  /// nnU-Net's residual encoders, for devices of 8, 24 and 40 GB (Isensee et al. 2024).
  case residualM = "resenc-m"
  case residualL = "resenc-l"
  case residualXL = "resenc-xl"

  var rules: PlannerRules {
    switch self {
    case .default, .fetalBrain, .brats: .plain
    case .residualM: .residualM
    case .residualL: .residualL
    case .residualXL: .residualXL
    }
  }

  /// Spacing in mm and patch in voxels (z, y, x) of the published trainings; `nil` leaves both to the planner.
  var published: (spacing: [Double], patch: [Int])? {
    switch self {
    case .default, .residualM, .residualL, .residualXL: nil
    case .fetalBrain: ([0.8, 0.8, 0.8], [128, 160, 128])
    case .brats: ([1, 1, 1], [128, 192, 128])
    }
  }

  /// The published trainings are nnU-Net's in all but the drawing of cases.
  var training: TrainingSettings {
    var training = TrainingSettings()
    guard published != nil else { return training }
    training.sampler.name = .hardness
    training.sampler.hardness = .published()
    return training
  }
}

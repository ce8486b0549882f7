import Files
import HardnessWeighting

/// The `training.sampler` object of a plan: the strategy by which training cases are drawn, and its settings.
///
/// Each strategy uses and writes only its own keys. nnU-Net has no such settings: it draws uniformly with replacement.
/// Losses are those a case had when it was last trained on.
public struct SamplerSettings: Sendable, Equatable {
  /// A strategy.
  public enum Name: String, Sendable, CaseIterable {
    /// Every case with the same probability, with replacement, as in nnU-Net.
    case uniform
    /// Every case once, in random order, before any is drawn again.
    case shuffled
    /// Probabilities proportional to the weights in a table.
    case `static` = "static"
    /// Every group with the same probability, and every case of a group.
    case groupBalanced = "group-balanced"
    /// Group probabilities by exponentiated gradient ascent on the group losses (Sagawa et al. 2020).
    case groupDRO = "group-dro"
    /// p = softmax(β · loss) (Fidon et al. 2022).
    case hardness
    /// Uniform over the given share of cases with the largest losses (Levy et al. 2020).
    case cvar
    /// The distribution with the largest mean loss within a χ² ball around the uniform one (Levy et al. 2020).
    case chiSquare = "chi-square"
    /// p ∝ (rank of the loss)^power, the hardest case having the highest rank (Jiang et al. 2019).
    case rank
    /// Uniform over the k cases with the largest losses.
    case topK = "top-k"
    /// The cases with the largest losses in a first training, more often than the others (Liu et al. 2021).
    case justTrainTwice = "just-train-twice"
  }

  /// Settings of `hardness` that belong together, as the defaults of the others; key `preset`.
  public enum Preset: String, Sendable, CaseIterable {
    /// The published rule: β = 100, the last loss, 2 as the initial loss of every case, a floor of 1e-4 / n, without
    /// replacement.
    case published
    /// The published rule with the published importance weights.
    case publishedIS = "published-is"
    /// Estimates of the cases' present hardness, as `HardnessOptions.estimating()` has them.
    case estimate

    var options: HardnessOptions {
      switch self {
      case .published: return .published()
      case .publishedIS:
        var options = HardnessOptions.published()
        options.importance = .published
        return options
      case .estimate: return .estimating()
      }
    }
  }

  /// The strategy; key `name`. Default: `uniform`, as in nnU-Net.
  public var name = Name.uniform

  /// What a case reports to a sampler that follows losses.
  public enum Signal: String, Sendable, CaseIterable {
    /// The training loss of its patch, as published.
    case loss
    /// Soft Dice over the classes in the patch and cross-entropy over its annotated voxels, at full resolution.
    case balanced
    /// The soft Dice of `balanced` alone.
    case dice
  }

  /// Key `signal`: what samplers that follow losses are told of each patch. `loss` by default; `balanced` where
  /// hardness is estimated.
  public var signal = Signal.loss
  /// The options of `hardness`, each with a key of its own.
  ///
  /// The keys are `beta`, `beta_ramp_epochs`, `initial_loss`, `momentum`, `running_mean` or `estimate` (with
  /// `optimism` and `pool_groups`), `floor` or `uniform_share`, `cap`, `refresh`, `group_share`, `replacement`
  /// and `importance_weights`. By default β keeps the effective sample size at 30 % of the number of cases
  /// (`"ess:0.3"`); the others have the defaults of `HardnessOptions`. The key `preset` replaces all defaults at
  /// once; see ``Preset``.
  public var hardness = HardnessOptions(beta: .effectiveSampleSize(0.3))
  /// The path of a CSV file with the columns `case` and `weight`, for `static`, and for `just-train-twice` if there is
  /// one; key `weights_file`, no default.
  public var weightsFile: String?
  /// The column of `groups.csv` with the group names, for `group-balanced` and `group-dro`; key `group_column`.
  /// Default: `group`.
  public var groupColumn = "group"
  /// The step size η of the ascent, at least 0, for `group-dro`; key `step_size`. Default: 0.01.
  public var stepSize = 0.01
  /// The constant C of the term C / √n that is added to the loss of a group of n cases, at least 0, for `group-dro`;
  /// key `adjustment`. Default: 0.
  public var adjustment = 0.0
  /// The share of the cases that count as hard, above 0 and at most 1, for `cvar` and `just-train-twice`; key
  /// `worst_share`. Default: 0.2.
  public var worstShare = 0.2
  /// The radius of the ball, at least 0, for `chi-square`; key `radius`. Default: 1.
  ///
  /// It is the largest divergence ½ (n Σ p² − 1) of the probabilities p of n cases from the uniform ones.
  public var radius = 1.0
  /// The exponent of the rank, at least 0, for `rank`; key `power`. Default: 1.
  public var power = 1.0
  /// The number of cases, at least 1, for `top-k`; key `k`. Default: 10.
  public var k = 10
  /// The path of the first training's model folder or of its `sampler.csv`, for `just-train-twice`; key `first_stage`,
  /// no default.
  public var firstStage: String?
  /// The weight of a hard case, at least 1, where the others have weight 1, for `just-train-twice`; key `upsampling`.
  /// Default: 5.
  public var upsampling = 5.0

  /// The path of a table of scores, by which estimates of hardness begin before any visit; key `case_losses`, no
  /// default.
  ///
  /// A `sampler.csv` of an earlier training (columns `case`, `loss`; the last row of a case counts), or the
  /// `cases.csv` of an evaluation (columns `case`, `Dice`; 1 − mean Dice counts).
  public var caseLosses: String?
  /// After how many epochs all training cases are predicted as a whole and scored by 1 − Dice, from which the
  /// estimates of hardness then begin; 0 for never. Key `score_every`. Default: 0.
  public var scoreEvery = 0

  /// Creates nnU-Net's uniform sampling.
  public init() {}

  /// Compares the strategies and the settings they use; the settings of other strategies do not count.
  public static func == (left: SamplerSettings, right: SamplerSettings) -> Bool { left.json == right.json }

  /// Whether the strategy draws by estimates of hardness; see `HardnessEstimator`.
  public var estimatesHardness: Bool {
    estimate != nil
  }

  /// The settings of the estimates that a strategy draws by; `nil` for strategies that draw by losses or by neither.
  public var estimate: HardnessEstimator.Options? {
    switch name {
    case .hardness, .cvar, .chiSquare, .rank, .topK:
      if case .estimate(let options) = hardness.memory { options } else { nil }
    case .uniform, .shuffled, .static, .groupBalanced, .groupDRO, .justTrainTwice: nil
    }
  }

  /// Whether the strategy uses the losses of the running training.
  public var followsLosses: Bool {
    switch name {
    case .uniform, .shuffled, .static, .groupBalanced, .justTrainTwice: false
    case .groupDRO, .hardness, .cvar, .chiSquare, .rank, .topK: true
    }
  }

  /// Sets all options of `hardness`, and the signal, to those of a preset.
  public mutating func apply(_ preset: Preset) {
    hardness = preset.options
    signal = preset == .estimate ? .balanced : .loss
  }

  /// Whether the strategy needs the group of every case.
  public var needsGroups: Bool {
    switch name {
    case .groupBalanced, .groupDRO: true
    case .hardness: hardness.needsGroups
    default: estimate?.poolsGroups ?? false
    }
  }
}

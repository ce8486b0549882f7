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
  /// The keys are `beta`, `beta_ramp_epochs`, `initial_loss`, `momentum` or `running_mean`, `floor` or `uniform_share`,
  /// `cap`, `refresh`, `replacement` and `importance_weights`. By default β keeps the effective sample size at 30 % of
  /// the number of cases (`"ess:0.3"`); the others have the defaults of `HardnessOptions`.
  public var hardness = HardnessOptions(beta: .effectiveSampleSize(0.3))
  /// The path of a CSV file with the columns `case` and `weight`, for `static`; key `weights_file`, no default.
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

  private static let keys = [
    "name", "signal", "beta", "beta_ramp_epochs", "initial_loss", "momentum", "running_mean", "estimate", "optimism",
    "floor", "uniform_share", "cap",
    "refresh", "replacement", "importance_weights", "weights_file", "group_column", "step_size", "adjustment",
    "worst_share", "radius", "power", "k", "first_stage", "upsampling",
  ]

  /// - Throws: `InputError` for unknown keys, values out of range, and keys that exclude each other.
  init(_ fields: JSONFields) throws {
    try fields.allow(Self.keys)
    name = try fields.choice("name", default: name)
    try readHardness(fields)
    if case .estimate = hardness.memory { signal = .balanced }
    signal = try fields.choice("signal", default: signal)
    weightsFile = try fields.stringIfPresent("weights_file")
    groupColumn = try fields.stringIfPresent("group_column") ?? groupColumn
    stepSize = try fields.double("step_size", default: stepSize, in: 0...1e9)
    adjustment = try fields.double("adjustment", default: adjustment, in: 0...1e9)
    worstShare = try fields.double("worst_share", default: worstShare, in: 1e-9...1)
    radius = try fields.double("radius", default: radius, in: 0...1e9)
    power = try fields.double("power", default: power, in: 0...1e9)
    k = try fields.int("k", default: k, in: 1...1_000_000_000)
    firstStage = try fields.stringIfPresent("first_stage")
    upsampling = try fields.double("upsampling", default: upsampling, in: 1...1e9)
  }

  private mutating func readHardness(_ fields: JSONFields) throws {
    if let text = try? fields.stringIfPresent("beta") {
      guard let beta = Beta(text) else {
        throw fields.error("beta", found: "\"\(text)\"", expected: "a number of 0 or more, \"inf\", or \"ess:0.3\"")
      }
      hardness.beta = beta
    } else if let beta = try fields.doubleIfPresent("beta") {
      guard beta >= 0 else { throw fields.error("beta", found: "\(beta)", expected: "0 or more") }
      hardness.beta = .fixed(beta)
    }
    hardness.rampEpochs = try fields.int("beta_ramp_epochs", default: 0, in: 0...10_000_000)
    if try fields.doubleIfPresent("initial_loss") != nil {
      hardness.firstVisits = .initialLoss(try fields.double("initial_loss", default: 2, in: -1e9...1e9), noise: 0.001)
    }
    func exclude(_ key: String, _ other: String) throws {
      guard try fields.doubleIfPresent(key) != nil, try fields.doubleIfPresent(other) != nil else { return }
      throw fields.error(key, found: "both \(key) and \(other)", expected: "one of the two")
    }
    try exclude("running_mean", "momentum")
    try exclude("uniform_share", "floor")
    hardness.memory = .momentum(try fields.double("momentum", default: 0, in: 0...0.999999))
    if try fields.doubleIfPresent("running_mean") != nil {
      hardness.memory = .runningMean(decay: try fields.double("running_mean", default: 0, in: 1e-6...0.999999))
    }
    try exclude("estimate", "momentum")
    try exclude("estimate", "running_mean")
    if try fields.doubleIfPresent("estimate") != nil {
      var estimate = HardnessEstimator.Options()
      estimate.decay = try fields.double("estimate", default: estimate.decay, in: 1e-6...0.999999)
      estimate.optimism = try fields.double("optimism", default: estimate.optimism, in: 0...100)
      hardness.memory = .estimate(estimate)
    } else if let optimism = try fields.doubleIfPresent("optimism") {
      throw fields.error("optimism", found: "\(optimism) without an estimate", expected: "the key estimate beside it")
    }
    let minimum = try fields.double("floor", default: 0, in: 0...1)
    if minimum > 0 { hardness.floor = .minimum(minimum) }
    let share = try fields.double("uniform_share", default: 0, in: 0...1)
    if share > 0 { hardness.floor = .uniformShare(share) }
    if try fields.doubleIfPresent("cap") != nil { hardness.cap = try fields.double("cap", default: 1, in: 1e-12...1) }
    hardness.refresh = try fields.double("refresh", default: 0, in: 0...1)
    hardness.replacement = try fields.boolIfPresent("replacement") ?? hardness.replacement
    hardness.importance = try fields.choice("importance_weights", default: hardness.importance)
  }

  /// The keys that the strategy uses.
  var json: JSON {
    var members: [(String, JSON)] = [("name", .string(name.rawValue))]
    if followsLosses, signal != .loss { members += [("signal", .string(signal.rawValue))] }
    switch name {
    case .uniform, .shuffled: break
    case .static: members += [("weights_file", weightsFile.map(JSON.string) ?? .null)]
    case .groupBalanced: members += [("group_column", .string(groupColumn))]
    case .groupDRO:
      members += [
        ("group_column", .string(groupColumn)), ("step_size", .number(stepSize)), ("adjustment", .number(adjustment)),
      ]
    case .hardness: members += hardnessMembers
    case .cvar: members += [("worst_share", .number(worstShare))]
    case .chiSquare: members += [("radius", .number(radius))]
    case .rank: members += [("power", .number(power))]
    case .topK: members += [("k", .integer(k))]
    case .justTrainTwice:
      members += [
        ("first_stage", firstStage.map(JSON.string) ?? .null), ("worst_share", .number(worstShare)),
        ("upsampling", .number(upsampling)),
      ]
    }
    if name != .hardness, let estimate {
      members += Self.members(of: estimate) + [("refresh", .number(hardness.refresh))]
    }
    return .object(JSONObject(members))
  }

  private static func members(of estimate: HardnessEstimator.Options) -> [(String, JSON)] {
    [("estimate", .number(estimate.decay)), ("optimism", .number(estimate.optimism))]
  }

  private var hardnessMembers: [(String, JSON)] {
    var members: [(String, JSON)] = []
    if case .fixed(let beta) = hardness.beta, beta.isFinite {
      members += [("beta", .number(beta))]
    } else {
      members += [("beta", .string(hardness.beta.description))]
    }
    members += [("beta_ramp_epochs", .integer(hardness.rampEpochs))]
    if case .initialLoss(let loss, _) = hardness.firstVisits { members += [("initial_loss", .number(loss))] }
    switch hardness.memory {
    case .momentum(let share): members += [("momentum", .number(share))]
    case .runningMean(let decay): members += [("running_mean", .number(decay))]
    case .estimate(let estimate): members += Self.members(of: estimate)
    }
    switch hardness.floor {
    case .none: break
    case .minimum(let minimum): members += [("floor", .number(minimum))]
    case .uniformShare(let share): members += [("uniform_share", .number(share))]
    }
    if let cap = hardness.cap { members += [("cap", .number(cap))] }
    return members + [
      ("refresh", .number(hardness.refresh)), ("replacement", .bool(hardness.replacement)),
      ("importance_weights", .string(hardness.importance.rawValue)),
    ]
  }
}

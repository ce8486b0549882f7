import Files
import HardnessWeighting

/// How a plan wants training cases drawn: the object `training.sampler`. Each strategy reads its own keys and leaves
/// the others alone.
public struct SamplerSettings: Sendable, Equatable {
  public enum Name: String, Sendable, CaseIterable {
    /// Every case equally often, with replacement, as nnU-Net does.
    case uniform
    /// Every case once before any comes again.
    case shuffled
    /// By the weights of a table.
    case `static` = "static"
    /// Every group equally often.
    case groupBalanced = "group-balanced"
    /// Groups by exponentiated gradient ascent on their losses.
    case groupDRO = "group-dro"
    /// By softmax(β · loss).
    case hardness
    /// The share of the cases with the largest losses.
    case cvar
    /// The worst distribution within a χ² ball.
    case chiSquare = "chi-square"
    /// By the rank of the loss.
    case rank
    /// The k cases with the largest losses.
    case topK = "top-k"
    /// The cases that a first training failed, more often.
    case justTrainTwice = "just-train-twice"
  }

  public var name = Name.uniform
  /// Of the hardness strategy; by default β keeps the effective sample size at 30 % of the cases.
  public var hardness = HardnessOptions(beta: .effectiveSampleSize(0.3))
  /// static: a CSV file with the columns case and weight.
  public var weightsFile: String?
  /// group-balanced, group-dro: the column of groups.csv.
  public var groupColumn = "group"
  /// group-dro: η of the ascent.
  public var stepSize = 0.01
  /// group-dro: C of the adjustment C / √n_g for small groups.
  public var adjustment = 0.0
  /// cvar, just-train-twice: the share of the cases that counts as hard.
  public var worstShare = 0.2
  /// chi-square: the radius of the ball.
  public var radius = 1.0
  /// rank: probabilities are proportional to rank to this power.
  public var power = 1.0
  /// top-k: how many cases.
  public var k = 10
  /// just-train-twice: the model folder, or the sampler.csv in it, of the first training.
  public var firstStage: String?
  /// just-train-twice: how many times as often a failed case is drawn.
  public var upsampling = 5.0

  public init() {}

  /// Whether the same strategy is asked for the same, whatever the others' settings are.
  public static func == (one: SamplerSettings, other: SamplerSettings) -> Bool { one.json == other.json }

  /// Whether the strategy draws by the losses of training.
  public var followsLosses: Bool {
    switch name {
    case .uniform, .shuffled, .static, .groupBalanced, .justTrainTwice: false
    case .groupDRO, .hardness, .cvar, .chiSquare, .rank, .topK: true
    }
  }

  private static let keys = [
    "name", "beta", "beta_ramp_epochs", "initial_loss", "momentum", "running_mean", "floor", "uniform_share", "cap",
    "refresh", "replacement", "importance_weights", "weights_file", "group_column", "step_size", "adjustment",
    "worst_share", "radius", "power", "k", "first_stage", "upsampling",
  ]

  /// - Throws: `InputError` for unknown keys and for values out of range.
  init(_ fields: JSONFields) throws {
    try fields.allow(Self.keys)
    name = try fields.choice("name", default: name)
    try readHardness(fields)
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
      throw fields.error(key, found: "\(key) beside \(other)", expected: "one of the two")
    }
    try exclude("running_mean", "momentum")
    try exclude("uniform_share", "floor")
    hardness.memory = .momentum(try fields.double("momentum", default: 0, in: 0...0.999999))
    if try fields.doubleIfPresent("running_mean") != nil {
      hardness.memory = .runningMean(decay: try fields.double("running_mean", default: 0, in: 1e-6...0.999999))
    }
    let least = try fields.double("floor", default: 0, in: 0...1)
    if least > 0 { hardness.floor = .minimum(least) }
    let share = try fields.double("uniform_share", default: 0, in: 0...1)
    if share > 0 { hardness.floor = .uniformShare(share) }
    if try fields.doubleIfPresent("cap") != nil { hardness.cap = try fields.double("cap", default: 1, in: 1e-12...1) }
    hardness.refresh = try fields.double("refresh", default: 0, in: 0...1)
    hardness.replacement = try fields.boolIfPresent("replacement") ?? hardness.replacement
    hardness.importance = try fields.choice("importance_weights", default: hardness.importance)
  }

  /// The keys that the strategy reads.
  var json: JSON {
    var members: [(String, JSON)] = [("name", .string(name.rawValue))]
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
    return .object(JSONObject(members))
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
    }
    switch hardness.floor {
    case .none: break
    case .minimum(let least): members += [("floor", .number(least))]
    case .uniformShare(let share): members += [("uniform_share", .number(share))]
    }
    if let cap = hardness.cap { members += [("cap", .number(cap))] }
    return members + [
      ("refresh", .number(hardness.refresh)), ("replacement", .bool(hardness.replacement)),
      ("importance_weights", .string(hardness.importance.rawValue)),
    ]
  }
}

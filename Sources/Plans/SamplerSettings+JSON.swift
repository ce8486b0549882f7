import Files
import HardnessWeighting

extension SamplerSettings {
  private static let keys = [
    "name", "signal", "beta", "beta_ramp_epochs", "initial_loss", "momentum", "running_mean", "estimate", "optimism",
    "pool_groups", "preset", "floor", "uniform_share", "cap", "refresh", "group_share", "replacement",
    "importance_weights", "case_losses", "score_every", "weights_file", "group_column", "step_size", "adjustment",
    "worst_share", "radius", "power", "k", "first_stage", "upsampling",
  ]

  /// - Throws: `InputError` for unknown keys, values out of range, and keys that exclude each other.
  init(_ fields: JSONFields) throws {
    try fields.allow(Self.keys)
    name = try fields.choice("name", default: name)
    if try fields.stringIfPresent("preset") != nil { apply(try fields.choice("preset", default: Preset.published)) }
    try readHardness(fields)
    try readMemory(fields)
    var hasEstimate = false
    if case .estimate = hardness.memory { hasEstimate = true }
    if hasEstimate { signal = .balanced }
    signal = try fields.choice("signal", default: signal)
    caseLosses = try fields.stringIfPresent("case_losses")
    scoreEvery = try fields.int("score_every", default: scoreEvery, in: 0...1_000_000)
    if !hasEstimate {
      if scoreEvery > 0 { throw needsEstimate(fields, "score_every") }
      if caseLosses != nil { throw needsEstimate(fields, "case_losses") }
    }
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

  private func needsEstimate(_ fields: JSONFields, _ key: String) -> InputError {
    fields.error(key, found: "\(key) without an estimate", expected: "the key estimate beside it, such as 0.95")
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
    hardness.rampEpochs = try fields.int("beta_ramp_epochs", default: hardness.rampEpochs, in: 0...10_000_000)
    if try fields.doubleIfPresent("initial_loss") != nil {
      hardness.firstVisits = .initialLoss(try fields.double("initial_loss", default: 2, in: -1e9...1e9), noise: 0.001)
    }
    try exclude("uniform_share", "floor", fields)
    if try fields.doubleIfPresent("floor") != nil {
      let minimum = try fields.double("floor", default: 0, in: 0...1)
      hardness.floor = minimum > 0 ? .minimum(minimum) : .none
    }
    if try fields.doubleIfPresent("uniform_share") != nil {
      let share = try fields.double("uniform_share", default: 0, in: 0...1)
      hardness.floor = share > 0 ? .uniformShare(share) : .none
    }
    if try fields.doubleIfPresent("cap") != nil { hardness.cap = try fields.double("cap", default: 1, in: 1e-12...1) }
    hardness.refresh = try fields.double("refresh", default: hardness.refresh, in: 0...1)
    hardness.replacement = try fields.boolIfPresent("replacement") ?? hardness.replacement
    hardness.importance = try fields.choice("importance_weights", default: hardness.importance)
    try readGroupShare(fields)
  }

  private mutating func readGroupShare(_ fields: JSONFields) throws {
    if let shares = try? fields.fieldsIfPresent("group_share") {
      var named: [String: Double] = [:]
      for group in shares.object.keys { named[group] = try shares.double(group, default: 0, in: 0...1) }
      hardness.groupShare = .named(named)
    } else if try fields.doubleIfPresent("group_share") != nil {
      hardness.groupShare = .each(try fields.double("group_share", default: 0, in: 0...1))
    }
  }

  private mutating func readMemory(_ fields: JSONFields) throws {
    try exclude("running_mean", "momentum", fields)
    try exclude("estimate", "momentum", fields)
    try exclude("estimate", "running_mean", fields)
    if try fields.doubleIfPresent("momentum") != nil {
      hardness.memory = .momentum(try fields.double("momentum", default: 0, in: 0...0.999999))
    }
    if try fields.doubleIfPresent("running_mean") != nil {
      hardness.memory = .runningMean(decay: try fields.double("running_mean", default: 0, in: 1e-6...0.999999))
    }
    if try fields.doubleIfPresent("estimate") != nil {
      hardness.memory = .estimate(HardnessEstimator.Options())
    }
    guard case .estimate(var estimate) = hardness.memory else {
      if try fields.doubleIfPresent("optimism") != nil { throw needsEstimate(fields, "optimism") }
      if try fields.boolIfPresent("pool_groups") ?? false { throw needsEstimate(fields, "pool_groups") }
      return
    }
    estimate.decay = try fields.double("estimate", default: estimate.decay, in: 1e-6...0.999999)
    estimate.optimism = try fields.double("optimism", default: estimate.optimism, in: 0...100)
    estimate.poolsGroups = try fields.boolIfPresent("pool_groups") ?? estimate.poolsGroups
    hardness.memory = .estimate(estimate)
  }

  /// Refuses two keys that contradict each other. A momentum of 0 stands beside another memory without saying anything.
  private func exclude(_ key: String, _ other: String, _ fields: JSONFields) throws {
    guard try fields.doubleIfPresent(key) != nil, let value = try fields.doubleIfPresent(other),
      value != 0 || other != "momentum"
    else { return }
    throw fields.error(key, found: "both \(key) and \(other)", expected: "one of the two")
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
      if let weightsFile { members.append(("weights_file", .string(weightsFile))) }
    }
    if name != .hardness, let estimate {
      members += Self.members(of: estimate) + [("refresh", .number(hardness.refresh))]
    }
    if estimate != nil {
      if needsGroups { members += [("group_column", .string(groupColumn))] }
      if let caseLosses { members += [("case_losses", .string(caseLosses))] }
      if scoreEvery > 0 { members += [("score_every", .integer(scoreEvery))] }
    } else if name == .hardness, needsGroups {
      members += [("group_column", .string(groupColumn))]
    }
    return .object(JSONObject(members))
  }

  private static func members(of estimate: HardnessEstimator.Options) -> [(String, JSON)] {
    [("estimate", .number(estimate.decay)), ("optimism", .number(estimate.optimism))]
      + (estimate.poolsGroups ? [("pool_groups", .bool(true))] : [])
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
    switch hardness.groupShare {
    case nil: break
    case .each(let share): members += [("group_share", .number(share))]
    case .named(let shares):
      let sorted = shares.sorted { $0.key < $1.key }
      members += [("group_share", .object(JSONObject(sorted.map { ($0.key, .number($0.value)) })))]
    }
    return members + [
      ("refresh", .number(hardness.refresh)), ("replacement", .bool(hardness.replacement)),
      ("importance_weights", .string(hardness.importance.rawValue)),
    ]
  }
}

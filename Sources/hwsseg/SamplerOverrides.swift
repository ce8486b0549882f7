import ArgumentParser
import Files
import HardnessWeighting
import Plans

/// Options that change how a plan draws training cases.
struct SamplerOverrides: ParsableArguments {
  @Option(help: "How training cases are drawn.")
  var sampler: SamplerSettings.Name?

  @Option(
    help: """
      How strongly the hardness sampler favors hard cases: a number from 0 (uniform), inf, or ess:0.3, which keeps the \
      effective sample size at 30 % of the cases.
      """)
  var beta: Beta?

  @Option(help: "A CSV file with the columns case and weight, for the samplers static and just-train-twice.")
  var caseWeights: String?

  @Option(help: "The model folder of the first training, for the just-train-twice sampler.")
  var firstStage: String?

  @Option(
    help: "The sampler.csv of an earlier training or the cases.csv of an evaluation, from which estimates begin.")
  var caseLosses: String?

  /// Changes the settings that were given in a plan: the strategy first, then single values, then the other options.
  ///
  /// - Throws: `InputError` when a key does not exist or settings do not fit together.
  func apply(_ changes: PlanChanges, preset: SamplerPreset? = nil, to plan: inout Plan) throws {
    if let sampler {
      // Settings of the hardness sampler in the plan stand, and what they leave out means what it always has.
      let settings = plan.training.sampler
      if sampler == .hardness, settings.name != .hardness, settings.hardness == SamplerSettings().hardness {
        plan.training.sampler.apply(.estimate)
      }
      plan.training.sampler.name = sampler
    }
    try preset?.apply(to: &plan)
    try plan.apply(changes.settings)
    if let beta {
      guard plan.training.sampler.name == .hardness else {
        throw InputError(
          "--beta", found: "the sampler \(plan.training.sampler.name.rawValue)", expected: "hardness",
          advice: "Add --sampler hardness.")
      }
      plan.training.sampler.hardness.beta = beta
    }
    if let caseWeights { plan.training.sampler.weightsFile = caseWeights }
    if let firstStage { plan.training.sampler.firstStage = firstStage }
    if let caseLosses {
      guard plan.training.sampler.estimate != nil else {
        throw InputError(
          "--case-losses", found: "a sampler that does not estimate hardness", expected: "one that does",
          advice: "Add --sampler hardness --preset estimate.")
      }
      plan.training.sampler.caseLosses = caseLosses
    }
  }
}

/// The option `--set`.
struct PlanChanges: ParsableArguments {
  @Option(
    name: .customLong("set"),
    help: ArgumentHelp(
      "Any other value of the plan, such as training.sampler.refresh=0.1.",
      discussion: "The value is JSON, or else a string; null removes a key. Can be repeated.", valueName: "key=value"))
  var settings: [PlanSetting] = []
}

/// The option `--preset` of commands that run a sampler.
struct SamplerPreset: ParsableArguments {
  @Option(
    help: """
      Settings of the hardness sampler that belong together: the published rule, without or with its importance \
      weights, or estimates of the cases' present hardness, which --sampler hardness takes by itself.
      """)
  var preset: SamplerSettings.Preset?

  /// Replaces the settings of a plan's sampler by the preset's.
  func apply(to plan: inout Plan) throws {
    guard let preset else { return }
    guard plan.training.sampler.name == .hardness else {
      throw InputError(
        "--preset", found: "the sampler \(plan.training.sampler.name.rawValue)", expected: "hardness",
        advice: "Add --sampler hardness.")
    }
    try plan.apply([PlanSetting(["training", "sampler", "preset"], .string(preset.rawValue))])
  }
}

extension SamplerSettings.Name: ExpressibleByArgument {}
extension SamplerSettings.Preset: ExpressibleByArgument {}

extension Beta: ExpressibleByArgument {
  public init?(argument: String) { self.init(argument) }
}

extension PlanSetting: ExpressibleByArgument {
  public init?(argument: String) { self.init(argument) }
}

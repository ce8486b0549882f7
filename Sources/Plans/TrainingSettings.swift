import Files

/// The `training` object of a plan: the settings that nnU-Net keeps in its trainer's code.
///
/// Every property has a key of its own in the file. Where a key is missing, the property has its default, which is
/// nnU-Net's value if nnU-Net has such a setting.
public struct TrainingSettings: Sendable, Equatable {
  /// The augmentation of training patches.
  public enum AugmentationName: String, Sendable, CaseIterable {
    /// nnU-Net's pipeline: rotation, scaling, noise, blur, brightness, contrast, low resolution, gamma and mirroring.
    case `default`
    /// No augmentation.
    case none
  }

  /// How cases are drawn; key `sampler`, an object. nnU-Net draws uniformly with replacement.
  public var sampler = SamplerSettings()
  /// The number of epochs; key `epochs`. nnU-Net: 1000.
  public var epochs = 1000
  /// The hours that a training may take on the machine where it runs; key `hours`. nnU-Net has no such setting: `nil`
  /// by default.
  ///
  /// After each epoch the number of epochs is chosen anew by what the epochs so far have taken, from half of `epochs`
  /// to one and a half times as many. The learning rate follows, so that trainings with `hours` depend on the machine's
  /// speed and are not repeated bit for bit. With growing patches, about twice as many epochs fit into the time: they
  /// are counted from `epochs` divided by the share of the operations that such a training takes.
  public var hours: Double?
  /// How the patch changes during a training.
  public enum Schedule: String, Sendable, CaseIterable {
    /// The plan's patch from the first step to the last, as in nnU-Net.
    case constant
    /// Patches that grow in five stages of as many epochs, from 0.4 of the plan's edges.
    case progressive
  }
  /// How the patch changes during the training; key `schedule`, `"constant"` by default.
  public var schedule = Schedule.constant
  /// Training steps in an epoch, one batch each; key `iterations_per_epoch`. nnU-Net: 250.
  public var iterationsPerEpoch = 250
  /// Validation batches after each epoch; key `validation_iterations`. nnU-Net: 50; 0 leaves out the validation.
  public var validationIterations = 50
  /// The learning rate of the first epoch; key `initial_learning_rate`. nnU-Net: 0.01.
  public var initialLearningRate = 0.01
  /// The momentum μ of stochastic gradient descent, below 1; key `momentum`. nnU-Net: 0.99.
  public var momentum = 0.99
  /// Whether the momentum is Nesterov's; key `nesterov`. nnU-Net: true.
  public var nesterov = true
  /// The weight decay λ: λ · weight is added to every parameter's gradient; key `weight_decay`. nnU-Net: 3e-5.
  public var weightDecay = 3e-5
  /// The largest L2 norm of the whole gradient, which is scaled down to it; key `gradient_clip`. nnU-Net: 12.
  public var gradientClip = 12.0
  /// The exponent p of the learning rate initial · (1 − e/n)^p in epoch e = 0, 1, … of n; key `polynomial_power`.
  /// nnU-Net: 0.9.
  public var polynomialPower = 0.9
  /// The share s of a batch's patches that are centered on a foreground voxel; key `oversample_foreground`.
  /// nnU-Net: 0.33.
  ///
  /// Of a batch of B patches these are the last B − round(B · (1 − s)), with halves rounded to even.
  public var oversampleForeground = 0.33
  /// The augmentation; key `augmentation`, `"default"` or `"none"`. nnU-Net: its own pipeline, the default.
  public var augmentation = AugmentationName.default
  /// The number of batches prepared ahead of the network, 0 to 2; key `prefetch`. It is 1 by default.
  ///
  /// The losses of step t reach the sampler before the cases of step t + 1 + prefetch are drawn. With 0, cases are
  /// drawn by the latest losses, but the network waits for every batch. 1 hides the loading behind the training step.
  /// 2 evens out batches whose loading times differ.
  public var prefetch = 1
  /// The decay of an exponential moving average of the weights, saved as `checkpoint_ema`; key `ema`, at least 0
  /// and less than 1, 0 for none. nnU-Net has none: 0 by default.
  public var ema = 0.0

  /// By what the best epoch is chosen, whose weights are saved as `checkpoint_best`.
  public enum Selection: String, Sendable, CaseIterable {
    /// The moving average of the pseudo Dice on validation patches, as nnU-Net does.
    case pseudoDice = "pseudo-dice"
    /// The mean Dice of whole validation cases.
    case mean
    /// The tenth percentile of the Dice of whole validation cases.
    case percentile
    /// The mean Dice of the worst quarter of the validation cases.
    case cvar
    /// The least mean Dice of a group of validation cases.
    case worstGroup = "worst-group"
  }
  /// By what the best epoch is chosen; key `select_by`.
  public var selectBy = Selection.pseudoDice
  /// Every how many epochs whole validation cases are scored, if `selectBy` asks for that, and after the last one; key
  /// `select_every`. 10 by default.
  public var selectEvery = 10
  /// Whether steps whose loss or gradient is not finite are left out, and counted, where training would otherwise stop;
  /// key `skip_non_finite_steps`. It is false by default. nnU-Net trains on with weights that are not numbers.
  public var skipsNonFiniteSteps = false
  /// How much the network learns from a teacher, beside the labels; key `distillation`, an object. nnU-Net has none:
  /// `nil` by default.
  public var distillation: DistillationSettings?
  /// Which training cases are known to be annotated right; key `clean_cases`, a list of names, or the name of a column
  /// of `groups.csv` with `yes` for them. nnU-Net does not ask: `nil` by default.
  public var cleanCases: CleanCases?
  /// How samples are weighted by what they do for the clean cases; key `reweight`, an object. nnU-Net does not: `nil`
  /// by default.
  public var reweight: ReweightSettings?
  /// The network that learns weights of samples from what the trained network sees in them; key `interactions`, an
  /// object. nnU-Net has none: `nil` by default.
  public var interactions: InteractionSettings?
  /// What takes the place of the cross-entropy where labels may be wrong; key `robust_loss`, an object. nnU-Net has the
  /// cross-entropy: `nil` by default.
  public var robustLoss: RobustLossSettings?
  /// The perturbations of the acquisition that samples are trained on; key `adversarial`, an object. nnU-Net has none:
  /// `nil` by default.
  public var adversarial: AdversarialSettings?
  /// The seed of everything random: initial weights, cases, patches and augmentation; key `seed`, at least 0.
  ///
  /// It is 1 by default. nnU-Net sets no seed.
  public var seed = 1

  /// Creates nnU-Net's settings.
  public init() {}

  /// - Throws: `InputError` for values out of range and for unknown keys: ignoring a misspelled key would silently
  ///   train something else.
  init(_ fields: JSONFields) throws {
    try fields.allow([
      "sampler", "epochs", "hours", "schedule", "iterations_per_epoch", "validation_iterations",
      "initial_learning_rate",
      "momentum",
      "nesterov", "weight_decay", "gradient_clip", "polynomial_power", "oversample_foreground", "augmentation",
      "prefetch", "ema", "select_by", "select_every", "skip_non_finite_steps", "distillation", "clean_cases",
      "reweight", "interactions", "robust_loss", "adversarial", "seed",
    ])
    if let sampler = try fields.fieldsIfPresent("sampler") { self.sampler = try SamplerSettings(sampler) }
    epochs = try fields.int("epochs", default: epochs, in: 1...10_000_000)
    hours = try fields.object["hours"].map { _ in try fields.double("hours", default: 0, in: 1e-6...1e6) }
    schedule = try fields.choice("schedule", default: schedule)
    iterationsPerEpoch = try fields.int("iterations_per_epoch", default: iterationsPerEpoch, in: 1...10_000_000)
    validationIterations = try fields.int("validation_iterations", default: validationIterations, in: 0...10_000_000)
    initialLearningRate = try fields.double("initial_learning_rate", default: initialLearningRate, in: 0...1e3)
    momentum = try fields.double("momentum", default: momentum, in: 0...0.999999)
    nesterov = try fields.boolIfPresent("nesterov") ?? nesterov
    weightDecay = try fields.double("weight_decay", default: weightDecay, in: 0...1e3)
    gradientClip = try fields.double("gradient_clip", default: gradientClip, in: 1e-9...1e9)
    polynomialPower = try fields.double("polynomial_power", default: polynomialPower, in: 0...100)
    oversampleForeground = try fields.double("oversample_foreground", default: oversampleForeground, in: 0...1)
    augmentation = try fields.choice("augmentation", default: augmentation)
    prefetch = try fields.int("prefetch", default: prefetch, in: 0...2)
    ema = try fields.double("ema", default: ema, in: 0...0.9999999)
    selectBy = try fields.choice("select_by", default: selectBy)
    selectEvery = try fields.int("select_every", default: selectEvery, in: 1...10_000_000)
    skipsNonFiniteSteps = try fields.boolIfPresent("skip_non_finite_steps") ?? skipsNonFiniteSteps
    distillation = try fields.fieldsIfPresent("distillation").map(DistillationSettings.init)
    cleanCases = try CleanCases(fields)
    reweight = try fields.fieldsIfPresent("reweight").map(ReweightSettings.init)
    interactions = try fields.fieldsIfPresent("interactions").map(InteractionSettings.init)
    robustLoss = try fields.fieldsIfPresent("robust_loss").map(RobustLossSettings.init)
    adversarial = try fields.fieldsIfPresent("adversarial").map(AdversarialSettings.init)
    seed = try fields.int("seed", default: seed, in: 0...Int.max)
  }

  /// The keys beyond nnU-Net's training, where they ask for anything.
  private var robustMembers: [(String, JSON)] {
    (ema > 0 ? [("ema", .number(ema))] : [])
      + (selectBy == .pseudoDice
        ? [] : [("select_by", .string(selectBy.rawValue)), ("select_every", .integer(selectEvery))])
      + (skipsNonFiniteSteps ? [("skip_non_finite_steps", .bool(true))] : [])
      + methodMembers
  }

  private var methodMembers: [(String, JSON)] {
    let members: [(String, JSON?)] = [
      ("hours", hours.map(JSON.number)),
      ("schedule", schedule == .constant ? nil : .string(schedule.rawValue)),
      ("distillation", distillation?.json), ("clean_cases", cleanCases?.json), ("reweight", reweight?.json),
      ("interactions", interactions?.json), ("robust_loss", robustLoss?.json),
      ("adversarial", adversarial?.json),
    ]
    return members.compactMap { key, json in json.map { (key, $0) } }
  }

  var json: JSON {
    .object(
      JSONObject(
        [
          ("sampler", sampler.json),
          ("epochs", .integer(epochs)),
          ("iterations_per_epoch", .integer(iterationsPerEpoch)),
          ("validation_iterations", .integer(validationIterations)),
          ("initial_learning_rate", .number(initialLearningRate)),
          ("momentum", .number(momentum)),
          ("nesterov", .bool(nesterov)),
          ("weight_decay", .number(weightDecay)),
          ("gradient_clip", .number(gradientClip)),
          ("polynomial_power", .number(polynomialPower)),
          ("oversample_foreground", .number(oversampleForeground)),
          ("augmentation", .string(augmentation.rawValue)),
          ("prefetch", .integer(prefetch)),
          ("seed", .integer(seed)),
        ] + robustMembers))
  }
}

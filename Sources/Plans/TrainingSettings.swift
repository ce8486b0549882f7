import Files

/// The `training` object of a plan: what nnU-Net keeps in its trainer's code. Keys that are missing have nnU-Net's
/// values.
public struct TrainingSettings: Sendable, Equatable {
  public enum AugmentationName: String, Sendable, CaseIterable {
    /// nnU-Net's pipeline.
    case `default`
    /// Patches as they are.
    case none
  }

  public var sampler = SamplerSettings()
  public var epochs = 1000
  public var iterationsPerEpoch = 250
  public var validationIterations = 50
  public var initialLearningRate = 0.01
  public var momentum = 0.99
  public var nesterov = true
  public var weightDecay = 3e-5
  /// The gradient's L2 norm above which it is scaled down.
  public var gradientClip = 12.0
  /// Epoch e of n has the learning rate initial · (1 − e/n)^power.
  public var polynomialPower = 0.9
  /// Share of a batch's patches that are centered on a foreground voxel.
  public var oversampleForeground = 0.33
  public var augmentation = AugmentationName.default
  /// How many batches are prepared ahead, 0 to 2: the losses of step t are in the sampler before the cases of step t +
  /// 1 + prefetch are drawn. 0 draws by the latest losses and makes the network wait for each batch; 1, the default,
  /// hides the loading; 2 evens out batches that take unequally long.
  public var prefetch = 1
  public var seed = 1

  public init() {}

  /// - Throws: `InputError` for unknown keys, because a misspelt one would silently train something else, and for
  ///   values out of range.
  init(_ fields: JSONFields) throws {
    try fields.allow([
      "sampler", "epochs", "iterations_per_epoch", "validation_iterations", "initial_learning_rate", "momentum",
      "nesterov",
      "weight_decay", "gradient_clip", "polynomial_power", "oversample_foreground", "augmentation", "prefetch",
      "seed",
    ])
    if let sampler = try fields.fieldsIfPresent("sampler") { self.sampler = try SamplerSettings(sampler) }
    epochs = try fields.int("epochs", default: epochs, in: 1...10_000_000)
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
    seed = try fields.int("seed", default: seed, in: 0...Int.max)
  }

  var json: JSON {
    .object(
      JSONObject([
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
      ]))
  }
}

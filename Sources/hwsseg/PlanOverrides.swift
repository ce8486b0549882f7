import ArgumentParser
import Datasets
import Files
import HardnessWeighting
import Plans

/// Options that change settings of a plan.
struct PlanOverrides: ParsableArguments {
  @Option(parsing: .upToNextOption, help: "Patch size in voxels: z y x.")
  var patchSize: [Int] = []

  @Option(help: "Patches in a batch.")
  var batchSize: Int?

  @Option(help: "Number of epochs.")
  var epochs: Int?

  @Option(help: "Iterations in an epoch.")
  var iterations: Int?

  @Option(help: "Iterations of validation on patches after each epoch.")
  var validationIterations: Int?

  @Option(help: "How training cases are drawn.")
  var sampler: SamplerSettings.Name?

  @Option(
    help: """
      How strongly the hardness sampler favors hard cases: a number from 0 (uniform), inf, or ess:0.3, which keeps the \
      effective sample size at 30 % of the cases.
      """)
  var beta: Beta?

  @Option(help: "A CSV file with the columns case and weight, for the static sampler.")
  var caseWeights: String?

  @Option(help: "The model folder of the first training, for the just-train-twice sampler.")
  var firstStage: String?

  @Option(help: "The seed of everything random in training.")
  var seed: Int?

  func validate() throws {
    guard patchSize.isEmpty || patchSize.count == 3 && patchSize.allSatisfy({ 1...4096 ~= $0 }) else {
      throw ValidationError("--patch-size needs three numbers of voxels, z y x, and not \(patchSize)")
    }
    for (name, value) in [("batch-size", batchSize), ("epochs", epochs), ("iterations", iterations)] {
      guard value.map({ 1...1_000_000 ~= $0 }) ?? true else {
        throw ValidationError("--\(name) must be a number from 1 to 1000000")
      }
    }
    guard validationIterations.map({ 0...1_000_000 ~= $0 }) ?? true else {
      throw ValidationError("--validation-iterations must be a number from 0 to 1000000")
    }
    guard seed.map({ $0 >= 0 }) ?? true else { throw ValidationError("--seed must not be negative") }
  }

  /// Changes the settings that were given in a plan.
  ///
  /// - Throws: `InputError` when the plan's network cannot work on the patch.
  func apply(to plan: inout Plan, for dataset: DatasetDescription) throws {
    if !patchSize.isEmpty { plan.configuration.patchSize = patchSize }
    if let batchSize { plan.configuration.batchSize = batchSize }
    if let epochs { plan.training.epochs = epochs }
    if let iterations { plan.training.iterationsPerEpoch = iterations }
    if let validationIterations { plan.training.validationIterations = validationIterations }
    if let sampler { plan.training.sampler.name = sampler }
    if let beta { plan.training.sampler.hardness.beta = beta }
    if let caseWeights { plan.training.sampler.weightsFile = caseWeights }
    if let firstStage { plan.training.sampler.firstStage = firstStage }
    if let seed { plan.training.seed = seed }
    guard !patchSize.isEmpty else { return }
    _ = try plan.configuration.architecture(
      inputChannels: dataset.channelNames.count, outputChannels: dataset.outputChannels)
  }
}

extension SamplerSettings.Name: ExpressibleByArgument {}

extension Beta: ExpressibleByArgument {
  public init?(argument: String) { self.init(argument) }
}

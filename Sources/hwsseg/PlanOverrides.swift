import ArgumentParser
import Datasets
import Files
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

  @OptionGroup var sampler: SamplerOverrides

  @Option(help: "The seed of everything random in training.")
  var seed: Int?

  @OptionGroup var changes: PlanChanges

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
  /// - Throws: `InputError` when a key does not exist, or the plan's network cannot work on the patch.
  func apply(preset: SamplerPreset? = nil, to plan: inout Plan, for dataset: DatasetDescription) throws {
    try sampler.apply(changes, preset: preset, to: &plan)
    if !patchSize.isEmpty { plan.configuration.patchSize = patchSize }
    if let batchSize { plan.configuration.batchSize = batchSize }
    if let epochs { plan.training.epochs = epochs }
    if let iterations { plan.training.iterationsPerEpoch = iterations }
    if let validationIterations { plan.training.validationIterations = validationIterations }
    if let seed { plan.training.seed = seed }
    guard !patchSize.isEmpty else { return }
    _ = try plan.configuration.architecture(
      inputChannels: dataset.channelNames.count, outputChannels: dataset.outputChannels)
  }
}

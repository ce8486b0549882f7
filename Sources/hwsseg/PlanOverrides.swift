import ArgumentParser
import Datasets

/// Options that change what a plan says.
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

  @Option(help: "How strongly the hardness sampler favours hard cases; 0 is uniform.")
  var beta: Double?

  @Option(help: "Seed of everything random in training.")
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
    guard beta.map({ 0...1e9 ~= $0 }) ?? true else { throw ValidationError("--beta must be 0 or more") }
  }

  /// Writes what was given into a plan.
  ///
  /// - Throws: `InputError` when the plan's network cannot work on the patch.
  func apply(to plan: inout Plan, for dataset: DatasetDescription) throws {
    if !patchSize.isEmpty { plan.configuration.patchSize = patchSize }
    if let batchSize { plan.configuration.batchSize = batchSize }
    if let epochs { plan.training.epochs = epochs }
    if let iterations { plan.training.iterationsPerEpoch = iterations }
    if let validationIterations { plan.training.validationIterations = validationIterations }
    if let sampler { plan.training.sampler.name = sampler }
    if let beta { plan.training.sampler.beta = beta }
    if let seed { plan.training.seed = seed }
    guard !patchSize.isEmpty else { return }
    _ = try plan.configuration.architecture(
      inputChannels: dataset.channelNames.count, outputChannels: dataset.outputChannels)
  }
}

extension SamplerSettings.Name: ExpressibleByArgument {}

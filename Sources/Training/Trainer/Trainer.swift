import Datasets
import Files
import Foundation
import HardnessWeighting
import Tensors
import UNet

/// Trains a network as nnU-Net does, with the cases drawn by a sampler that is told every case's loss.
///
/// One loop over the epochs: training steps, validation on patches, checkpoints, log. The next batch is prepared while the network
/// trains, so the losses of step t are in the sampler before the cases of step t + 2 are drawn; the first batch of an epoch is
/// drawn after all losses of the epoch before. Results follow from the plan and the seed alone, and a run that was interrupted
/// and taken up again ends with the same weights, bit for bit.
public final class Trainer {
  public enum Outcome: Sendable, Equatable {
    /// All epochs are done and `checkpoint_final` is written.
    case finished
    /// A stop was asked for; the run can be taken up from `checkpoint_latest`.
    case stopped
  }

  private let task: TrainingTask
  private let settings: TrainingSettings
  private let folder: ModelFolder
  private let progress: TrainingProgress
  private let network: Network
  private let optimiser: SGD
  private let loader: BatchLoader
  private let log: TrainingLog
  private var sampler: any CaseSampler
  private var state: TrainingState

  /// The finished epochs.
  public var history: [EpochRecord] { state.history }
  /// The names of the cases that are held out, for the validation after training.
  public var validationCases: [String] { task.split.validation }

  /// Opens the cases, builds the network, and takes up the last checkpoint where that is asked for.
  ///
  /// - Throws: `InputError` when the plan, the cases, the weights or the folder are not usable.
  public init(_ task: TrainingTask, progress: TrainingProgress) throws {
    let configuration = task.plan.configuration
    settings = task.plan.training
    self.task = task
    self.progress = progress
    folder = ModelFolder(url: task.folder)
    try configuration.checkSupported()
    try Self.checkLabels(task.description)
    try folder.check(task)

    let maker = try BatchMaker(task)
    loader = BatchLoader { try maker.batch($0) }
    let seed = UInt64(settings.seed)
    network = try Network(
      configuration.architecture(
        inputChannels: configuration.normalizationSchemes.count, outputChannels: task.description.outputChannels),
      patch: configuration.patchSize,
      batchSize: configuration.batchSize,
      training: true, engine: task.engine, seed: seed)
    optimiser = SGD(
      network, momentum: Float(settings.momentum), nesterov: settings.nesterov,
      weightDecay: Float(settings.weightDecay),
      clip: Float(settings.gradientClip))
    sampler = try settings.sampler.sampler(
      caseCount: task.split.training.count, batchSize: configuration.batchSize, seed: seed)
    state = TrainingState(cases: task.split.training)
    log = TrainingLog(folder: task.folder, classes: task.description.regions.map(\.name))

    if task.resumes, folder.hasLatest {
      try folder.checkUnchanged(task.plan)
      try Checkpoint.read(folder.latest, network: network, optimiser: optimiser, state: &state, sampler: &sampler)
      progress.say("Going on in epoch \(state.epoch + 1) after \(state.iteration) steps.")
    } else if let weights = task.initialWeights {
      try network.load(Safetensors(contentsOf: weights))
    }
  }

  private static func checkLabels(_ description: DatasetDescription) throws {
    guard !description.hasRegions, description.ignoreLabel == nil else {
      throw InputError(
        "dataset.json", found: description.hasRegions ? "labels that are regions" : "an ignore label",
        expected: "labels of one value each; others cannot be trained on yet")
    }
  }

  /// Trains until all epochs are done or a stop is asked for.
  ///
  /// - Parameter stopRequested: asked after every step; true writes a checkpoint and returns.
  /// - Throws: `TrainingError` when the loss is no longer finite; `InputError` when cases or folder become unusable.
  public func run(stopRequested: () -> Bool = { false }) throws -> Outcome {
    if folder.hasFinal, task.resumes, !task.overwrites {
      guard !folder.hasLatest || state.epoch >= settings.epochs else {
        throw InputError(
          task.folder.path, found: "a finished model of \(state.epoch) epochs", expected: "an unfinished run",
          advice: "To train it further, ask for it to be overwritten too (--resume --overwrite).")
      }
      progress.say("This model is finished.")
      return .finished
    }
    try folder.begin(task, isNew: state.epoch == 0 && state.iteration == 0)
    sayWhatIsTrained()
    while state.epoch < settings.epochs {
      guard try trainEpoch(stopRequested) else {
        try writeLatest()
        progress.say("Stopped in epoch \(state.epoch + 1) after \(state.iteration) steps; the checkpoint is written.")
        return .stopped
      }
    }
    try Checkpoint.writeWeights(of: network, epoch: state.epoch, to: folder.final)
    return .finished
  }

  private func sayWhatIsTrained() {
    let configuration = task.plan.configuration
    let weights = network.parameters.reduce(0) { $0 + $1.value.count }
    progress.say(
      "Training \(weights) weights on \(task.split.training.count) cases, validating on \(task.split.validation.count); "
        + "patch \(configuration.patchSize.map(String.init).joined(separator: "×")), batch \(configuration.batchSize), "
        + "sampler \(settings.sampler.name.rawValue).")
    if settings.sampler.name == .hardness, configuration.batchDice, configuration.batchSize > 1 {
      progress.say(
        "The plan's batch_dice gives all cases of a batch the same Dice loss; only their cross-entropy tells hard from easy. "
          + "Set batch_dice to false for case-wise hardness.")
    }
  }

  /// Goes on with the current epoch to its end; false when it was stopped before.
  private func trainEpoch(_ stopRequested: () -> Bool) throws -> Bool {
    let start = Date()
    let secondsBefore = state.seconds
    let rate =
      settings.initialLearningRate
      * pow(1 - Double(state.epoch) / Double(settings.epochs), settings.polynomialPower)
    defer { if state.iteration > 0 { state.seconds = secondsBefore + Date().timeIntervalSince(start) } }

    while state.iteration < settings.iterationsPerEpoch {
      if !loader.isPreparing { try prepare() }
      guard let batch = try loader.next() else { break }
      state.drawnCases = nil
      // The iteration that is in hand here is still counted as to be done.
      if state.iteration + 1 < settings.iterationsPerEpoch { try prepare(ahead: 1) }
      try step(batch, learningRate: Float(rate))
      state.iteration += 1
      if stopRequested() { return false }
    }
    guard let validation = try validate(stopRequested) else { return false }

    let iterations = Double(settings.iterationsPerEpoch)
    let probabilities = sampler.probabilities
    var record = EpochRecord(
      epoch: state.epoch, learningRate: rate, trainingLoss: state.lossSum / iterations, validationLoss: validation.loss,
      pseudoDice: validation.dice, meanPseudoDice: nil, averagePseudoDice: nil,
      effectiveCases: 1 / probabilities.reduce(0) { $0 + $1 * $1 }, gradientNorm: state.gradientNormSum / iterations,
      seconds: secondsBefore + Date().timeIntervalSince(start))
    record.average(after: state.history.last)
    let isBest = record.averagePseudoDice.map { $0 > state.bestAverage ?? -.infinity } ?? false
    if isBest { state.bestAverage = record.averagePseudoDice }
    state.finishEpoch(record)
    if isBest { try Checkpoint.writeWeights(of: network, epoch: state.epoch, to: folder.best) }
    try writeLatest()
    try log.write(state, probabilities: probabilities)
    progress.epoch(record, epochs: settings.epochs, isBest: isBest)
    return true
  }

  /// Has the loader prepare a batch of the current epoch: the next one, or the one after.
  private func prepare(ahead: Int = 0) throws {
    let cases = try state.drawnCases ?? sampler.draw(network.batchSize)
    state.drawnCases = cases
    let iteration = state.epoch * settings.iterationsPerEpoch + state.iteration + ahead
    loader.prepare(BatchRequest(kind: .training, iteration: iteration, cases: cases))
  }

  private func step(_ batch: Batch, learningRate: Float) throws {
    let losses = try losses(of: batch).map(Double.init)
    func diverged(_ what: String, _ positions: [Int]) -> TrainingError {
      .diverged(
        what: what, cases: positions.map { state.cases[batch.cases[$0]] }, epoch: state.epoch,
        iteration: state.iteration)
    }
    let bad = losses.indices.filter { !losses[$0].isFinite }
    guard bad.isEmpty else { throw diverged("the loss", bad) }
    network.backward()
    let norm = optimiser.step(learningRate: learningRate)
    guard norm.isFinite else { throw diverged("the gradient", Array(losses.indices)) }
    try sampler.record(losses: losses, for: batch.cases)
    state.record(losses: losses, cases: batch.cases)
    let loss = losses.reduce(0, +) / Double(losses.count)
    state.lossSum += loss
    state.gradientNormSum += Double(norm)
    let iterations = settings.iterationsPerEpoch
    progress.step(
      epoch: state.epoch, epochs: settings.epochs, iteration: state.iteration + 1, iterations: iterations, loss: loss,
      stepsLeft: (settings.epochs - state.epoch) * iterations - state.iteration - 1)
  }

  /// Runs the network on a batch.
  private func losses(of batch: Batch) throws -> [Float] {
    network.input.withUnsafeMutableBufferPointer { _ = $0.update(from: batch.images) }
    network.forward()
    return try network.computeLoss(labels: batch.labels, batchDice: task.plan.configuration.batchDice)
  }

  /// Mean loss and pseudo Dice over patches of the validation cases, without augmentation; nil when stopped.
  private func validate(_ stopRequested: () -> Bool) throws -> (loss: Double?, dice: [Double?])? {
    let count = task.split.validation.count
    let iterations = count == 0 ? 0 : settings.validationIterations
    var dice = PseudoDice(classes: network.architecture.outputChannels)
    var loss = 0.0
    func prepare(_ index: Int) {
      let iteration = state.epoch * settings.validationIterations + index
      let cases = (0..<network.batchSize).map { position in
        var random = CounterRandom(
          seed: UInt64(settings.seed), iteration: iteration, position: position, purpose: .validationCase)
        return random.integer(0, count - 1)
      }
      loader.prepare(BatchRequest(kind: .validation, iteration: iteration, cases: cases))
    }
    if iterations > 0 { prepare(0) }
    for index in 0..<iterations {
      guard let batch = try loader.next() else { break }
      if stopRequested() { return nil }
      if index + 1 < iterations { prepare(index + 1) }
      let losses = try losses(of: batch)
      loss += Double(losses.reduce(0, +)) / Double(losses.count)
      dice.add(logits: network.outputs[0], labels: batch.labels)
    }
    // A loss that is not a number is no loss to report.
    let mean = loss / Double(iterations)
    return (mean.isFinite ? mean : nil, dice.values)
  }

  private func writeLatest() throws {
    try Checkpoint.write(
      network: network, optimiser: optimiser, state: state, sampler: sampler, to: folder.latest)
  }
}

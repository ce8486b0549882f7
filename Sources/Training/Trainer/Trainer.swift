import Datasets
import Files
import Foundation
import HardnessWeighting
import Plans
import Statistics
import TensorFiles
import Tensors
import UNet

/// Trains a network as nnU-Net does, with the cases drawn by a sampler that is told every case's loss.
///
/// One loop over the epochs: training steps, validation on patches, checkpoints, log. Batches are prepared while the
/// network trains, as far ahead as the plan's `prefetch` says: the losses of step t are in the sampler before the cases
/// of step t + 1 + prefetch are drawn, and all losses of an epoch before the first draw of the next. Results follow
/// from the plan and the seed alone, and a run that was interrupted and taken up again ends with the same weights, bit
/// for bit.
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
  private let loss: Loss
  private let optimizer: SGD
  private let loader: BatchLoader
  private let log: TrainingLog
  private var sampler: any CaseSampler
  private var state: TrainingState
  private var hasWarned = false
  /// Batches that were drawn before an interruption and have not been asked of the loader again.
  private var resumedBatches: [[Int]] = []

  /// The finished epochs.
  public var history: [EpochRecord] { state.history }
  /// The names of the cases that are held out, for the validation after training.
  public var validationCases: [String] { task.split.validation }

  /// Opens the cases, builds the network, and takes up the last checkpoint where that is asked for.
  ///
  /// - Throws: `InputError` when the plan, the cases, the weights or the folder are not usable.
  public convenience init(_ task: TrainingTask, progress: TrainingProgress) throws {
    try self.init(
      task, progress: progress,
      sampler: task.plan.training.sampler.sampler(
        cases: task.split.training, groups: task.groups, batchSize: task.plan.configuration.batchSize,
        seed: UInt64(task.plan.training.seed)))
  }

  /// - Parameter sampler: of as many cases as the fold trains on.
  init(_ task: TrainingTask, progress: TrainingProgress, sampler: any CaseSampler) throws {
    let configuration = task.plan.configuration
    settings = task.plan.training
    self.task = task
    self.progress = progress
    folder = task.folder
    try configuration.checkSupported()
    try folder.check(task)

    let maker = try BatchMaker(task)
    loader = BatchLoader { try maker.batch($0) }
    let seed = UInt64(settings.seed)
    network = try Network(
      configuration.architecture(
        inputChannels: configuration.normalizationSchemes.count, outputChannels: task.description.outputChannels),
      patch: configuration.patchSize,
      batchSize: configuration.batchSize,
      training: true, engine: task.engine, precision: task.precision, seed: seed)
    loss = Loss(task.description, batchDice: configuration.batchDice)
    optimizer = SGD(
      network, momentum: Float(settings.momentum), nesterov: settings.nesterov,
      weightDecay: Float(settings.weightDecay),
      clip: Float(settings.gradientClip))
    self.sampler = sampler
    state = TrainingState(cases: task.split.training)
    log = TrainingLog(folder: task.folder, classes: task.description.foregroundClasses.map(\.name), groups: task.groups)

    if task.resumes, folder.has(.latest) {
      try folder.checkUnchanged(task.plan)
      try TrainingCheckpoint.read(
        folder.checkpoint(.latest), network: network, optimizer: optimizer, state: &state, sampler: &self.sampler)
      resumedBatches = state.drawnBatches
      progress.say("Going on in epoch \(state.epoch + 1) after \(state.iteration) steps.")
    } else if let weights = task.initialWeights {
      let isPyTorch = weights.pathExtension == "pth"
      try network.load(
        isPyTorch ? PyTorchFile(contentsOf: weights).networkWeights() : Safetensors(contentsOf: weights), heads: false)
      progress.say("Starting from \(weights.relativePath), with heads of its own.")
    }
  }

  /// Trains until all epochs are done or a stop is asked for.
  ///
  /// - Parameter stopRequested: asked after every step; true writes a checkpoint and returns.
  /// - Throws: `TrainingError` when the loss is no longer finite; `InputError` when cases or folder become unusable.
  public func run(stopRequested: () -> Bool = { false }) throws -> Outcome {
    if folder.has(.final), task.resumes, !task.overwrites {
      guard !folder.has(.latest) || state.epoch >= settings.epochs else {
        throw InputError(
          folder.url.path, found: "a finished model of \(state.epoch) epochs", expected: "an unfinished run",
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
    try TrainingCheckpoint.writeWeights(of: network, epoch: state.epoch, to: folder.checkpoint(.final))
    return .finished
  }

  private func sayWhatIsTrained() {
    let configuration = task.plan.configuration
    let weights = network.parameters.reduce(0) { $0 + $1.value.count }
    progress.say(
      "Training \(weights) weights on \(task.split.training.count) cases, validating on \(task.split.validation.count); "
        + "patch \(configuration.patchSize.map(String.init).joined(separator: "×")), batch \(configuration.batchSize), "
        + "\(task.precision), sampler \(settings.sampler.name.rawValue).")
    if settings.sampler.followsLosses, configuration.batchDice, configuration.batchSize > 1 {
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

    sampler.beginEpoch(state.epoch)
    while state.iteration < settings.iterationsPerEpoch {
      try prepare()
      guard let batch = try loader.next() else { break }
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
      effectiveCases: sampler.effectiveSampleSize, beta: sampler.beta, groupDraws: groupDraws(),
      gradientNorm: state.gradientNormSum / iterations,
      seconds: secondsBefore + Date().timeIntervalSince(start))
    record.average(after: state.history.last)
    let isBest = record.averagePseudoDice.map { $0 > state.bestAverage ?? -.infinity } ?? false
    if isBest { state.bestAverage = record.averagePseudoDice }
    let suspects = state.losses.endEpoch()
    // Before the state forgets the epoch's draws: a run that ends here takes the epoch up again and writes them anew.
    try log.writeSampler(state, probabilities: probabilities, suspects: suspects)
    state.finishEpoch(record)
    if isBest { try TrainingCheckpoint.writeWeights(of: network, epoch: state.epoch, to: folder.checkpoint(.best)) }
    try writeLatest()
    try log.write(state.history)
    progress.epoch(record, epochs: settings.epochs, isBest: isBest)
    if let warning = sampler.warning, !hasWarned {
      hasWarned = true
      progress.say(warning)
    }
    if state.epoch == settings.epochs, !suspects.isEmpty { say(suspects) }
    return true
  }

  /// Has the loader prepare the next batch of the epoch and those that may be drawn before its losses are known.
  private func prepare() throws {
    let left = settings.iterationsPerEpoch - state.iteration
    while loader.pending.count < min(1 + settings.prefetch, left) {
      let cases = resumedBatches.isEmpty ? try sampler.draw(network.batchSize) : resumedBatches.removeFirst()
      let iteration = state.epoch * settings.iterationsPerEpoch + state.iteration + loader.pending.count
      loader.prepare(BatchRequest(kind: .training, iteration: iteration, cases: cases))
    }
  }

  /// The share of each group in the epoch's draws.
  private func groupDraws() -> [String: Double] {
    let all = Double(max(1, state.epochDraws.reduce(0, +)))
    var shares: [String: Double] = [:]
    for (name, draws) in zip(state.cases, state.epochDraws) {
      if let group = task.groups[name] { shares[group, default: 0] += Double(draws) / all }
    }
    return shares
  }

  private func say(_ suspects: [LossHistory.Suspect]) {
    let names = suspects.prefix(5).map { suspect in
      String(
        format: "%@ (loss %.3f after %d visits, median %.3f)", state.cases[suspect.index], suspect.loss, suspect.visits,
        suspect.median)
    }
    let more = suspects.count > 5 ? " and \(suspects.count - 5) more in suspects.csv" : ""
    progress.say("Hard to the end, so hard patients or wrong labels; look at \(names.joined(separator: ", "))\(more).")
  }

  private func step(_ batch: Batch, learningRate: Float) throws {
    forward(batch, inference: false)
    let losses = try losses(of: batch).map(Double.init)
    func diverged(_ what: String, _ positions: [Int]) -> TrainingError {
      .diverged(
        what: what, cases: positions.map { state.cases[batch.cases[$0]] }, epoch: state.epoch,
        iteration: state.iteration)
    }
    let bad = losses.indices.filter { !losses[$0].isFinite }
    guard bad.isEmpty else { throw diverged("the loss", bad) }
    let weights = try sampler.record(losses: losses, for: batch.cases)
    if weights.contains(where: { $0 != 1 }) { _ = try self.losses(of: batch, weights: weights.map(Float.init)) }
    network.backward()
    let norm = optimizer.step(learningRate: learningRate)
    guard norm.isFinite else { throw diverged("the gradient", Array(losses.indices)) }
    state.record(losses: losses, cases: batch.cases)
    let loss = losses.reduce(0, +) / Double(losses.count)
    state.lossSum += loss
    state.gradientNormSum += Double(norm)
    let iterations = settings.iterationsPerEpoch
    progress.step(
      epoch: state.epoch, epochs: settings.epochs, iteration: state.iteration + 1, iterations: iterations, loss: loss,
      stepsLeft: (settings.epochs - state.epoch) * iterations - state.iteration - 1)
  }

  private func forward(_ batch: Batch, inference: Bool) {
    network.input.withUnsafeMutableBufferPointer { _ = $0.update(from: batch.images) }
    network.forward(inference: inference)
  }

  /// The losses of the batch the network has just seen; the gradient to go back with is that of their weighted mean.
  private func losses(of batch: Batch, weights: [Float]? = nil) throws -> [Float] {
    try network.computeLoss(loss, labels: batch.labels, sampleWeights: weights)
  }

  /// Mean loss and pseudo Dice over patches of the validation cases, without augmentation; nil when stopped.
  private func validate(_ stopRequested: () -> Bool) throws -> (loss: Double?, dice: [Double?])? {
    let count = task.split.validation.count
    let iterations = count == 0 ? 0 : settings.validationIterations
    var dice = PseudoDice(loss, channels: network.architecture.outputChannels)
    var sum = 0.0
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
      forward(batch, inference: true)
      let losses = try losses(of: batch)
      sum += Double(losses.reduce(0, +)) / Double(losses.count)
      dice.add(logits: network.outputs[0], labels: batch.labels)
    }
    // A loss that is not a number is no loss to report.
    let mean = sum / Double(iterations)
    return (mean.isFinite ? mean : nil, dice.values)
  }

  private func writeLatest() throws {
    state.drawnBatches = loader.pending.filter { $0.kind == .training }.map(\.cases) + resumedBatches
    try TrainingCheckpoint.write(
      network: network, optimizer: optimizer, state: state, sampler: sampler, to: folder.checkpoint(.latest))
  }
}

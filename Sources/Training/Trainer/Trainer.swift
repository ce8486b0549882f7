import Cluster
import Datasets
import Files
import Foundation
import HardnessWeighting
import Plans
import Statistics
import TensorFiles
import Tensors
import Threads
import UNet

/// Trains a network as nnU-Net does, on cases that a sampler draws.
///
/// Each epoch consists of training steps, validation on patches, checkpoints and log files. After every training step
/// the sampler receives the loss of each case, so that it can draw by them.
///
/// Batches are prepared in the background while the network trains, as many ahead as the plan's `prefetch` says. The
/// losses of step t reach the sampler before the cases of step t + 1 + prefetch are drawn, and all losses of an epoch
/// before the first draw of the next.
///
/// Results depend on the plan and its seed, not on timing. A run that was interrupted and resumed ends with the same
/// weights, bit for bit.
public final class Trainer {
  /// How a run ended.
  public enum Outcome: Sendable, Equatable {
    /// All epochs are done and `checkpoint_final` has been written.
    case finished
    /// A stop was requested; the run can be resumed from `checkpoint_latest`.
    case stopped
    /// The next epoch has a larger patch. Resume the run from `checkpoint_latest` with another trainer.
    case patchGrows
  }

  private let task: TrainingTask
  private let settings: TrainingSettings
  private let length: TrainingLength
  private let folder: ModelFolder
  private let progress: TrainingProgress
  private let network: Network
  private let loss: Loss
  private let optimizer: SGD
  /// The moving average of the weights; `nil` unless the plan asks for it.
  private let average: WeightAverage?
  /// What the plan changes about steps, besides which cases are drawn.
  private var methods: [any TrainingMethod]
  /// This process's part, when several train together.
  private let parallel: DataParallel?
  private let maker: BatchMaker
  private let loader: BatchLoader
  private let log: TrainingLog
  private var sampler: any CaseSampler
  private var state: TrainingState
  private var hasWarned = false
  /// TensorBoard's events of this process; `nil` before its first epoch ends.
  private var events: EventFile?
  /// Batches that were drawn before an interruption and not yet requested again from the loader.
  private var resumedBatches: [DrawnBatch] = []

  /// The finished epochs.
  public var history: [EpochRecord] { state.history }
  /// The checksums of the preprocessed cases; `nil` where cases were preprocessed by a version that stored none.
  public var caseChecksums: [String]? { state.identity?.cases }
  /// The names of the cases that are held out for validation.
  public var validationCases: [String] { task.split.validation }

  /// Opens the cases, builds the network and, if the task resumes a run, loads its last checkpoint.
  ///
  /// - Parameters:
  ///   - task: What to train.
  ///   - progress: Receives what there is to report.
  ///   - teacher: The teacher of a plan with distillation, for the task's patches and batches.
  ///   - communicator: The processes that train together; `nil` when this one trains alone.
  /// - Throws: `InputError` when the plan, the cases, the weights, the teacher or the folder are not usable.
  public convenience init(
    _ task: TrainingTask, progress: TrainingProgress, teacher: (any Teacher)? = nil,
    communicator: (any Communicator)? = nil
  ) throws {
    try self.init(
      task, progress: progress, teacher: teacher, communicator: communicator,
      sampler: task.plan.training.sampler.sampler(
        cases: task.split.training, groups: task.groups, batchSize: task.plan.configuration.batchSize,
        seed: UInt64(task.plan.training.seed)))
  }

  /// Creates a trainer with a given sampler in place of the plan's.
  ///
  /// - Parameter sampler: A sampler of as many cases as `task.split.training` has.
  init(
    _ task: TrainingTask, progress: TrainingProgress, teacher: (any Teacher)? = nil,
    communicator: (any Communicator)? = nil, sampler: any CaseSampler
  ) throws {
    let configuration = task.plan.configuration
    settings = task.plan.training
    self.task = task
    self.progress = progress
    folder = task.folder
    try configuration.checkSupported()
    try folder.checkAvailability(for: task)

    length = TrainingLength(task.plan)
    let patch = length.patch(after: try Self.finishedEpochs(task))
    let parallel = try communicator.map {
      try DataParallel($0, batchSize: configuration.batchSize, precision: task.gradientPrecision)
    }
    self.parallel = parallel
    let maker = try BatchMaker(task, patch: patch, positions: parallel?.positions)
    self.maker = maker
    loader = BatchLoader { try maker.batch($0) }
    let seed = UInt64(settings.seed)
    network = try Network(
      configuration.architecture(
        inputChannels: configuration.normalizationSchemes.count, outputChannels: task.description.outputChannels),
      patch: patch,
      batchSize: parallel?.positions.count ?? configuration.batchSize,
      training: true, engine: task.engine, precision: task.precision, seed: seed)
    loss = Loss(task.description, batchDice: configuration.batchDice)
    optimizer = SGD(
      network, momentum: Float(settings.momentum), nesterov: settings.nesterov,
      weightDecay: Float(settings.weightDecay),
      clip: Float(settings.gradientClip))
    parallel?.connect(network)
    average = settings.ema > 0 ? WeightAverage(network, decay: settings.ema) : nil
    methods = try settings.methods(task, network: network, loss: loss, maker: maker, teacher: teacher)
    self.sampler = sampler
    state = TrainingState(cases: task.split.training)
    state.identity = RunIdentity(task, cases: maker.storedCases)
    log = TrainingLog(folder: task.folder, classes: task.description.foregroundClasses.map(\.name), groups: task.groups)
    try loadCheckpointOrInitialWeights()
    try parallel?.check(RunIdentity(task, cases: maker.storedCases), folder: task.store.folder.path)
  }

  /// Whether this process writes files, and not another one that trains with it.
  private var writes: Bool { parallel?.communicator.isFirst ?? true }

  /// The seconds of each epoch that is done when a run of a task begins; they decide on the first patch.
  private static func finishedEpochs(_ task: TrainingTask) throws -> [Double] {
    guard task.plan.training.schedule == .progressive, task.resumes, task.folder.has(.latest) else { return [] }
    let checkpoints = [task.folder.checkpoint(.latest), task.folder.previousCheckpoint]
    return try TrainingCheckpoint.seconds(TrainingCheckpoint.open(checkpoints) { _ in })
  }

  /// Loads the last checkpoint of a run that is resumed, or the weights that a new run starts from.
  private func loadCheckpointOrInitialWeights() throws {
    if task.resumes, folder.has(.latest) {
      try folder.checkUnchanged(task)
      let checkpoint = try TrainingCheckpoint.open(
        [folder.checkpoint(.latest), folder.previousCheckpoint], report: progress.report)
      try TrainingCheckpoint.read(
        checkpoint, network: network, optimizer: optimizer, average: average, state: &state,
        sampler: &sampler, methods: &methods)
      resumedBatches = state.drawnBatches
      let identity = RunIdentity(task, cases: maker.storedCases)
      for sentence in try state.identity.map({ try identity.check(resumes: $0, file: checkpoint.url) }) ?? [] {
        progress.report(sentence)
      }
      state.identity = identity
      if task.initialWeights != nil {
        progress.report("The run goes on with its own weights; --initial-weights is not used.")
      }
      progress.report("Going on in epoch \(state.epoch + 1) after \(state.iteration) steps.")
    } else if let weights = task.initialWeights {
      let isPyTorch = weights.pathExtension == "pth"
      try network.load(
        isPyTorch ? PyTorchFile(contentsOf: weights).networkWeights() : Safetensors(contentsOf: weights), heads: false)
      progress.report("Starting from \(weights.relativePath), except for the layers that compute the logits.")
    }
  }

  /// Trains until all epochs are done or a stop is requested.
  ///
  /// - Parameter stopRequested: Called after every step. When it returns `true`, the run writes a checkpoint and stops.
  /// - Returns: Whether the training is finished or was stopped.
  /// - Throws: `TrainingError` when a loss or the gradient is not finite; `InputError` when a case cannot be read or
  ///   the folder cannot be written.
  public func run(stopRequested: () -> Bool = { false }) throws -> Outcome {
    // When this process has found the folder as the others did, the first may change it.
    parallel?.communicator.wait()
    let outcome =
      try writes ? FolderLock.holding(folder.url) { try runLocked(stopRequested) } : runLocked(stopRequested)
    // What comes next may read what the first process has written.
    parallel?.communicator.wait()
    return outcome
  }

  private func runLocked(_ stopRequested: () -> Bool) throws -> Outcome {
    if state.epoch == 0, state.iteration == 0, !task.overwrites { try folder.checkUntouched() }
    if folder.has(.final), task.resumes, !task.overwrites {
      guard !folder.has(.latest) || state.epoch >= epochs else {
        throw InputError(
          folder.url.path, found: "a finished model of \(state.epoch) epochs", expected: "an unfinished run",
          advice: "To train it further, allow it to be overwritten (--resume --overwrite).")
      }
      progress.report("This model is finished.")
      return .finished
    }
    if writes { try folder.prepare(for: task, isNew: state.epoch == 0 && state.iteration == 0) }
    reportStart()
    while state.epoch < epochs {
      guard length.patch(after: state.history.map(\.seconds)) == network.patch else { return .patchGrows }
      guard try trainEpoch(stopRequested) else {
        if writes { try writeLatest() }
        progress.report(
          "Stopped in epoch \(state.epoch + 1) after \(state.iteration) steps; the checkpoint is written.")
        return .stopped
      }
    }
    if writes { try writeFinal() }
    return .finished
  }

  /// Writes the weights of a finished training.
  private func writeFinal() throws {
    if let average {
      try TrainingCheckpoint.write(average.weights(), epoch: state.epoch, to: folder.checkpoint(.ema))
    }
    try TrainingCheckpoint.write(network.weights(), epoch: state.epoch, to: folder.checkpoint(.final))
    folder.removeReplaced()
    try? FileManager.default.removeItem(at: folder.previousCheckpoint)
  }

  /// How many processes train, if there are several.
  private var processes: String { parallel.map { ", \($0.communicator.size) processes" } ?? "" }

  /// Reports what is trained, and warns when the loss hides which cases are hard.
  private func reportStart() {
    let configuration = task.plan.configuration
    let weights = network.parameters.reduce(0) { $0 + $1.value.count }
    progress.report(
      "Training \(weights) weights on \(task.split.training.count) cases, "
        + "validating on \(task.split.validation.count); "
        + "patch \(network.patch.map(String.init).joined(separator: "×")), batch \(configuration.batchSize), "
        + "\(task.precision), sampler \(settings.sampler.name.rawValue)\(processes).")
    for convolution in network.convolutions { progress.debug(convolution) }
    progress.debug("Threads: \(Parallel.threads). \(ProcessMemory.description)")
    if settings.sampler.followsLosses, configuration.batchDice, configuration.batchSize > 1 {
      progress.report(
        "The plan's batch_dice gives all cases of a batch the same Dice loss, so that only the cross-entropy differs "
          + "between hard and easy cases. Set batch_dice to false to give each case a Dice loss of its own.")
    }
  }

  /// Runs the rest of the current epoch.
  ///
  /// - Returns: `false` when a stop was requested before its end.
  private func trainEpoch(_ stopRequested: () -> Bool) throws -> Bool {
    let start = Date()
    let secondsBefore = state.seconds
    let (waitingBefore, othersBefore) = (loader.waitingTime, parallel?.waitingTime ?? 0)
    // After a finished epoch the iteration is 0, and the time has been reset.
    defer { if state.iteration > 0 { state.seconds = secondsBefore + Date().timeIntervalSince(start) } }

    let learningRate = learningRate
    sampler.beginEpoch(state.epoch)
    while state.iteration < settings.iterationsPerEpoch {
      try requestTrainingBatches()
      guard let batch = try loader.next() else { break }
      try step(batch, learningRate: Float(learningRate))
      state.iteration += 1
      if stops(stopRequested) { return false }
    }
    let (trained, waitingTime) = (Date(), loader.waitingTime - waitingBefore)
    let othersTime = (parallel?.waitingTime ?? 0) - othersBefore
    guard let validation = try validate(stopRequested), try scoreTrainingCases(stopRequested) else { return false }
    let ownSeconds = secondsBefore + Date().timeIntervalSince(start)
    // A plan for a time goes by the clock, which must be the same for all processes.
    let seconds = parallel?.first(ownSeconds) ?? ownSeconds
    progress.debug(
      String(
        format: "Steps took %.2f s, of which %.2f s went by waiting for batches%@; validation took %.2f s. %@",
        trained.timeIntervalSince(start), waitingTime,
        parallel == nil ? "" : String(format: " and %.2f s for other processes", othersTime),
        Date().timeIntervalSince(trained), ProcessMemory.description))
    try finishEpoch(record(validation, learningRate: learningRate, seconds: seconds))
    return true
  }

  /// Whether to stop: when that is requested or, with several processes, when they have agreed on it.
  private func stops(_ stopRequested: () -> Bool) -> Bool {
    let isRequested = stopRequested()
    return parallel?.stops(isRequested) ?? isRequested
  }

  /// The number of epochs by what is known now.
  private var epochs: Int { length.epochs(after: state.history.map(\.seconds)) }

  /// The time that is left after the last finished epoch, in that of an epoch with the network's patch.
  private var epochsLeft: Double { length.epochsLeft(after: state.history.map(\.seconds), patch: network.patch) }

  /// The learning rate of the current epoch e of n: initial · (1 − e / n)^power.
  private var learningRate: Double {
    settings.initialLearningRate
      * pow(1 - Double(state.epoch) / Double(epochs), settings.polynomialPower)
  }

  /// The results of the current epoch.
  private func record(_ validation: Validation, learningRate: Double, seconds: Double) -> EpochRecord {
    let skipped = state.skipped?.count ?? 0
    let steps = Double(settings.iterationsPerEpoch - skipped)
    let means = state.samplerMeans
    var record = EpochRecord(
      epoch: state.epoch, learningRate: learningRate, trainingLoss: state.lossSum / steps,
      validationLoss: validation.loss, pseudoDice: validation.dice, meanPseudoDice: nil, averagePseudoDice: nil,
      effectiveCases: means?.effectiveCases ?? sampler.effectiveSampleSize, beta: means?.beta ?? sampler.beta,
      signalShare: sampler.estimator?.signalShare,
      groupDraws: groupDraws(),
      selectionScore: settings.selectBy.score(
        validation.wholeDice, groups: task.split.validation.map { task.groups[$0] }),
      selectionMean: TrainingSettings.Selection.mean.score(validation.wholeDice, groups: []),
      gradientNorm: state.gradientNormSum / steps, skippedSteps: skipped, seconds: seconds)
    record.average(after: state.history.last)
    if !methods.isEmpty { record.methods = endEpochOfMethods() }
    return record
  }

  /// The values of the methods for the log.
  private func endEpochOfMethods() -> [String: Double] {
    methods.indices.reduce(into: [:]) { $0.merge(methods[$1].endEpoch()) { $1 } }
  }

  /// Writes log files and checkpoints of the current epoch, reports it, and moves on to the next.
  private func finishEpoch(_ record: EpochRecord) throws {
    let score = settings.selectBy == .pseudoDice ? record.averagePseudoDice : record.selectionScore
    let isBest = score.map { $0 > state.bestAverage ?? -.infinity } ?? false
    if isBest { state.bestAverage = score }
    let suspects = state.losses.endEpoch()
    if let skipped = state.skipped, skipped.count > 0 {
      progress.report(skipped.sentence(iterations: settings.iterationsPerEpoch))
    }
    // Written while the state still has the draws of this epoch. A run that is killed after this line repeats the
    // epoch from its last checkpoint and replaces these rows.
    if writes { try log.writeSampler(state, weightedSampler(step: 0) ?? sampler, suspects: suspects) }
    state.finishEpoch(record)
    if writes {
      if isBest { try TrainingCheckpoint.write(network.weights(), epoch: state.epoch, to: folder.checkpoint(.best)) }
      try writeLatest()
      try log.write(state.history)
      try addEvents(record)
    }
    progress.reportEpoch(record, epochs: epochs, epochsLeft: epochsLeft, isBest: isBest)
    if let warning = state.history.divergenceWarning { progress.report(warning) }
    if let warning = sampler.warning, !hasWarned {
      hasWarned = true
      progress.report(warning)
    }
    if state.epoch == epochs, !suspects.isEmpty { report(suspects) }
  }

  /// Adds the results of an epoch to TensorBoard's events.
  private func addEvents(_ record: EpochRecord) throws {
    let events = try self.events ?? EventFile(in: folder.url)
    self.events = events
    let values: [(String, Double?)] = [
      ("loss/training", record.trainingLoss), ("loss/validation", record.validationLoss),
      ("dice/mean pseudo Dice", record.meanPseudoDice), ("whole cases/mean Dice", record.selectionMean),
      ("whole cases/selection score", record.selectionScore), ("learning rate", record.learningRate),
      ("gradient norm", record.gradientNorm), ("seconds", record.seconds), ("sampler/beta", record.beta),
      ("sampler/effective cases", record.effectiveCases), ("sampler/signal share", record.signalShare),
    ]
    let classes = zip(task.description.foregroundClasses, record.pseudoDice).map { ("dice/\($0.name)", $1) }
    let groups = record.groupDraws.sorted { $0.key < $1.key }.map { ("draws/\($0.key)", Optional($0.value)) }
    let methods = (record.methods ?? [:]).sorted { $0.key < $1.key }.map { ("methods/\($0.key)", Optional($0.value)) }
    try events.add(
      (values + classes + groups + methods).compactMap { name, value in value.map { (name, $0) } }, step: record.epoch)
  }

  /// Requests the next batch of the epoch, and those that may be drawn before its losses are known.
  private func requestTrainingBatches() throws {
    let remaining = settings.iterationsPerEpoch - state.iteration
    while loader.pending.count < min(1 + settings.prefetch, remaining) {
      let step = state.iteration + loader.pending.count
      let drawn = resumedBatches.isEmpty ? try draw(step: step) : resumedBatches.removeFirst()
      loader.prepare(
        BatchRequest(
          kind: .training, iteration: state.epoch * settings.iterationsPerEpoch + step, cases: drawn.cases,
          probabilities: drawn.probabilities))
    }
  }

  /// Draws the batch of a step of the current epoch, and records with which probabilities.
  private func draw(step: Int) throws -> DrawnBatch {
    if var weighted = try weightedSampler(step: step) { return try draw(step: step, from: &weighted) }
    return try draw(step: step, from: &sampler)
  }

  private func draw(step: Int, from sampler: inout some CaseSampler) throws -> DrawnBatch {
    let cases = try sampler.draw(network.wholeBatchSize)
    if SamplerMeans.counts(step: step, of: settings.iterationsPerEpoch) { state.samplerMeans?.add(sampler) }
    return DrawnBatch(cases: cases, probabilities: cases.map { sampler.probability(of: $0) })
  }

  /// The sampler of a step that draws by the weights of a method; `nil` if none of them has any.
  private func weightedSampler(step: Int) throws -> StaticSampler? {
    guard let weights = methods.lazy.compactMap(\.drawWeights).first else { return nil }
    let iteration = state.epoch * settings.iterationsPerEpoch + step
    var random = CounterRandom(seed: UInt64(settings.seed), iteration: iteration, position: 0, purpose: .weightedDraw)
    return try StaticSampler(weights: weights, seed: random.next())
  }

  /// The share of each group in the draws of the epoch.
  private func groupDraws() -> [String: Double] {
    let total = Double(max(1, state.epochDraws.reduce(0, +)))
    var shares: [String: Double] = [:]
    for (name, draws) in zip(state.cases, state.epochDraws) {
      if let group = task.groups[name] { shares[group, default: 0] += Double(draws) / total }
    }
    return shares
  }

  /// Names the cases that stayed hard until the end of the training.
  private func report(_ suspects: [LossHistory.Suspect]) {
    let names = suspects.prefix(5).map { suspect in
      String(
        format: "%@ (loss %.3f after %d visits, median %.3f)", state.cases[suspect.index], suspect.loss, suspect.visits,
        suspect.median)
    }
    let more = suspects.count > 5 ? " and \(suspects.count - 5) more in suspects.csv" : ""
    progress.report(
      "Cases that stayed hard to the end: \(names.joined(separator: ", "))\(more). "
        + "Check whether these patients are difficult or their labels wrong.")
  }

  /// Trains on one batch: forward pass, losses, backward pass, optimizer step.
  private func step(_ batch: Batch, learningRate: Float) throws {
    var step = TrainingStep(
      network: network, loss: loss, iteration: state.epoch * settings.iterationsPerEpoch + state.iteration,
      cases: batch.cases, images: batch.images, labels: batch.labels)
    for index in methods.indices { try methods[index].prepare(&step) }
    step.forward(step.images)
    let losses = try step.computeLoss(weights: step.weights).map(Double.init)
    let nonFinite = losses.indices.filter { !losses[$0].isFinite }
    guard nonFinite.isEmpty else { return try leaveOut("the loss", nonFinite.map { batch.cases[$0] }) }
    let visits = visits(of: batch, losses)
    step.losses = losses
    step.weights = try sampler.record(
      visits.map { Visit(caseIndex: $0.caseIndex, signal: $0.signal, kind: $0.patchKind) })
    for index in methods.indices { try methods[index].weigh(&step) }
    // The losses are computed again because this also sets the gradient, now of Σ w_i · loss_i / N.
    if step.weights != step.gradientWeights { try step.computeLoss(weights: step.weights) }
    for index in methods.indices { try methods[index].change(step) }
    if let parallel { parallel.backward(network) } else { network.backward() }
    let norm = optimizer.step(learningRate: learningRate)
    guard norm.isFinite else { return try leaveOut("the gradient", batch.cases) }
    average?.update()
    for index in methods.indices { methods[index].stepDone() }
    state.record(visits)
    let loss = SampleMoments.mean(losses)
    state.lossSum += loss
    state.gradientNormSum += Double(norm)
    let iterations = settings.iterationsPerEpoch
    progress.reportStep(
      epoch: state.epoch, epochs: epochs, iteration: state.iteration + 1, iterations: iterations, loss: loss,
      stepsLeft: Int(epochsLeft * Double(iterations)) - state.iteration - 1)
  }

  /// Leaves out a step with a value that is not finite, if the plan allows that.
  ///
  /// - Throws: `TrainingError.diverged` if it does not, or when no step of the epoch is left.
  private func leaveOut(_ what: String, _ indices: [Int]) throws {
    let names = indices.map { state.cases[$0] }
    state.skipped?.add(names)
    guard settings.skipsNonFiniteSteps, state.skipped?.count ?? 0 < settings.iterationsPerEpoch else {
      throw TrainingError.diverged(what: what, cases: names, epoch: state.epoch, iteration: state.iteration)
    }
  }

  /// What each sample of a batch has shown, after its losses have been computed.
  private func visits(of batch: Batch, _ losses: [Double]) -> [VisitRecord] {
    zip(batch.cases, network.patchHardness).enumerated().map { position, sample in
      let (index, hardness) = sample
      let signal =
        switch settings.sampler.signal {
        case .loss: losses[position]
        case .balanced: hardness.balanced
        case .dice: -(hardness.softDice ?? 0)
        }
      return VisitRecord(
        step: state.iteration, caseIndex: index, position: position, showsForeground: batch.showsForeground[position],
        absentClasses: hardness.absentClasses, loss: losses[position], crossEntropy: hardness.crossEntropy,
        softDice: hardness.softDice, signal: signal, probability: batch.probabilities?[position],
        beta: sampler.beta.flatMap { $0.isFinite ? $0 : nil })
    }
  }

  /// What the validation cases have shown after an epoch: the mean loss and the pseudo Dice of patches, and the Dice of
  /// each whole case, empty in epochs in which these are not predicted.
  private typealias Validation = (loss: Double?, dice: [Double?], wholeDice: [Double?])

  /// Computes mean loss and pseudo Dice on patches of the validation cases, without augmentation. When the plan chooses
  /// the best epoch by a robust score and this epoch counts, predicts them as a whole too.
  ///
  /// - Returns: `nil` when a stop was requested.
  private func validate(_ stopRequested: () -> Bool) throws -> Validation? {
    let iterations = task.split.validation.isEmpty ? 0 : settings.validationIterations
    var dice = PseudoDice(loss, channels: network.architecture.outputChannels)
    var sum = 0.0
    if iterations > 0 { requestValidationBatch(0) }
    for index in 0..<iterations {
      guard let batch = try loader.next() else { break }
      if stops(stopRequested) { return nil }
      if index + 1 < iterations { requestValidationBatch(index + 1) }
      var step = TrainingStep(
        network: network, loss: loss, iteration: index, cases: batch.cases, images: batch.images, labels: batch.labels)
      step.forward(step.images, inference: true)
      let losses = try step.computeLoss(weights: step.weights)
      sum += Double(losses.reduce(0, +)) / Double(losses.count)
      dice.add(logits: network.outputs[0], labels: batch.labels)
    }
    if let parallel { dice.setCounts(parallel.sum(dice.counts)) }
    // Not finite without validation batches (0 / 0), or when the network has diverged.
    let mean = sum / Double(iterations)
    let meanLoss = mean.isFinite ? mean : nil
    guard needsSelectionScore else { return (meanLoss, dice.values, []) }
    guard let wholeDice = try wholeCases.values(of: .validation, stopRequested) else { return nil }
    return (meanLoss, dice.values, wholeDice)
  }

  /// Whether the plan chooses the best epoch by a robust score of whole cases, and the current epoch counts.
  private var needsSelectionScore: Bool {
    let number = state.epoch + 1
    return settings.selectBy != .pseudoDice && !task.split.validation.isEmpty
      && (number % settings.selectEvery == 0 || number == epochs)
  }

  /// Predicts all training cases as a whole when the plan asks for it after this epoch, and tells the sampler 1 − Dice.
  ///
  /// - Returns: `false` when a stop was requested before the end.
  private func scoreTrainingCases(_ stopRequested: () -> Bool) throws -> Bool {
    let interval = settings.sampler.scoreEvery
    guard interval > 0, (state.epoch + 1) % interval == 0 else { return true }
    guard let dice = try wholeCases.values(of: .training, stopRequested) else { return false }
    try sampler.record(scores: dice.map { $0.map { 1 - $0 } })
    return true
  }

  private var wholeCases: WholeCaseDice {
    WholeCaseDice(maker: maker, network: network, loss: loss, parallel: parallel)
  }

  /// Requests a validation batch of the current epoch, with cases drawn uniformly.
  private func requestValidationBatch(_ index: Int) {
    let iteration = state.epoch * settings.validationIterations + index
    let cases = (0..<network.wholeBatchSize).map { position in
      var random = CounterRandom(
        seed: UInt64(settings.seed), iteration: iteration, position: position, purpose: .validationCase)
      return random.integer(0, task.split.validation.count - 1)
    }
    loader.prepare(BatchRequest(kind: .validation, iteration: iteration, cases: cases))
  }

  /// Writes `checkpoint_latest`, including the batches that have been drawn but not trained on.
  private func writeLatest() throws {
    let requested = loader.pending.filter { $0.kind == .training }
    state.drawnBatches = requested.map { DrawnBatch(cases: $0.cases, probabilities: $0.probabilities) } + resumedBatches
    let (latest, previous) = (folder.checkpoint(.latest), folder.previousCheckpoint)
    if folder.has(.latest) {
      try? FileManager.default.removeItem(at: previous)
      // Where the file system has no hard links, there is just no second copy.
      try? FileManager.default.linkItem(at: latest, to: previous)
    }
    let start = Date()
    try TrainingCheckpoint.write(
      network: network, optimizer: optimizer, average: average, state: state, sampler: sampler, methods: methods,
      to: latest)
    let size = (try? latest.resourceValues(forKeys: [.fileSizeKey]).fileSize) ?? 0
    progress.debug(
      String(
        format: "Wrote %@, %.1f MB, in %.2f s.", latest.relativePath, Double(size) / 1e6,
        Date().timeIntervalSince(start)))
  }
}

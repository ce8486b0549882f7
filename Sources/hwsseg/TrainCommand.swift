import ArgumentParser
import Cluster
import Datasets
import Foundation
import Logging
import Plans
import Tensors
import Threads
import Training
import Workflows

/// `hwsseg train`: trains one fold and evaluates it on the cases it held out.
struct TrainCommand: SharedCommand {
  static let configuration = CommandConfiguration(
    commandName: "train", abstract: "Trains one fold and evaluates it on the cases it held out.",
    discussion: """
      Writes the model folder RESULTS/fold_FOLD. Ctrl-C or kill writes a checkpoint and ends the run; --resume goes on \
      from there. Under mpirun, several processes divide each batch.
      """)

  @Argument(help: "A data set's folder in nnU-Net's raw layout.")
  var dataset: URL

  @Option(help: "The plan file.")
  var plan: URL

  @Option(help: "The fold to hold out, 0 to 4, or all to train on every case.")
  var fold: String

  @Option(name: .shortAndLong, help: "The folder for results.")
  var output: URL

  @Option(help: "The folder of preprocessed cases, made if it is not there; RESULTS/preprocessed when left out.")
  var preprocessed: URL?

  @OptionGroup(title: "Changes to the plan") var preset: SamplerPreset
  @OptionGroup(title: "Changes to the plan") var overrides: PlanOverrides

  @Option(help: "How the patch changes: constant, or progressive, whose steps take less than half of the time.")
  var schedule: TrainingSettings.Schedule?

  @Option(help: "The engine that computes convolutions.")
  var engine = Engine.auto

  @Option(help: "The number format of activations and convolutions; bfloat16 needs a processor that has it.")
  var precision = Precision.float32

  @Flag(help: "Go on from the last checkpoint, if there is one; a finished model is left as it is.")
  var resume = false

  @Flag(help: "Replace a model that is already in RESULTS; with --resume, train it further from its last checkpoint.")
  var overwrite = false

  @Option(help: "Weights of the same architecture to start from, .safetensors or nnU-Net's .pth; the heads start anew.")
  var initialWeights: URL?

  @Option(
    help: "A model folder to learn from, when training.distillation is in the plan; the folds in it are averaged.")
  var teacher: URL?

  @Option(help: "The number format in which several processes exchange gradients; bfloat16 halves what they send.")
  var gradients = Precision.float32

  @Option(help: "Threads of each process; as many as there are cores when left out.")
  var threads: Int?

  @OptionGroup var log: LogOptions

  func validate() throws {
    guard 1...1024 ~= threads ?? 1 else { throw ValidationError("--threads must be 1 to 1024") }
  }

  func run(with communicator: (any Communicator)?) throws {
    StopSignals.ignoreMissingReader()
    let logger = log.logger(communicator)
    if let communicator {
      for sentence in communicator.divideMachine(threads: threads) { logger.info("\(sentence)") }
    } else if let threads {
      Parallel.limit(to: threads)
    }
    let raw = try RawDataset(dataset)
    var plan = try Plan.read(plan)
    try overrides.apply(preset: preset, to: &plan, for: raw.description)
    if let schedule { plan.training.schedule = schedule }
    var training = try FoldTraining(
      raw, plan: plan, fold: Fold(fold), results: output, preprocessed: preprocessed, logger: logger)
    (training.engine, training.precision) = (engine, precision)
    (training.resumes, training.overwrites, training.initialWeights) = (resume, overwrite, initialWeights)
    training.teacher = teacher
    (training.communicator, training.gradientPrecision) = (communicator, gradients)
    var record = RunRecord(plan: plan.json.text)
    (record.engine, record.precision, record.seeds) = (engine, precision, [plan.training.seed])
    let folder = communicator?.isFirst ?? true ? training.folder.url : nil
    try RunJournal.command(record, in: folder, logger: logger) { journal in
      try train(training, journal)
      if let summary = try training.validate() { logger.info("\(summary.tables())") }
      logger.info("Model in \(training.folder.url.relativePath)")
    }
  }

  private func train(_ training: FoldTraining, _ journal: RunJournal) throws {
    // Signals end the program at once while it checks and preprocesses.
    var signals: StopSignals?
    defer { signals?.release() }
    let (outcome, _) = try training.train(
      begin: { trainer in
        journal.keep()
        journal.update { $0.data = trainer.caseChecksums.map(RunRecord.checksum) }
        signals = StopSignals()
      }, stopRequested: { signals?.received != nil })
    if outcome == .stopped { throw ExitCode(128 + (signals?.received ?? SIGTERM)) }
  }
}

extension TrainingSettings.Schedule: ExpressibleByArgument {}

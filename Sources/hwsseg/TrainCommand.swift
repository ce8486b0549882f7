import ArgumentParser
import Datasets
import Files
import Foundation
import Logging
import Tensors
import Training

/// `hwsseg train`: trains one fold and judges it by the cases it held out.
struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train", abstract: "Trains one fold and judges it by the cases it held out.",
    discussion: """
      Writes a model folder RESULTS/fold_FOLD. Ctrl-C or kill write a checkpoint and end the run; --resume goes on from there.
      """)

  @Argument(help: "A data set's folder in nnU-Net's raw layout.")
  var dataset: URL

  @Option(help: "The plan file.")
  var plan: URL

  @Option(help: "The fold to hold out, 0 to 4; all trains on every case.")
  var fold: String

  @Option(name: .shortAndLong, help: "The folder for results.")
  var output: URL

  @Option(help: "The preprocessed cases; made if they are not there. RESULTS/preprocessed when left out.")
  var preprocessed: URL?

  @OptionGroup(title: "Changes to the plan") var overrides: PlanOverrides

  @Option(help: "What computes convolutions.")
  var engine = Engine.auto

  @Option(help: "What activations are kept in and convolutions multiply; bfloat16 needs a processor that has it.")
  var precision = Precision.float32

  @Flag(help: "Go on from the last checkpoint, if there is one.")
  var resume = false

  @Flag(help: "Replace a model that is in the results already.")
  var overwrite = false

  @Option(help: "Weights of the same architecture to start from, .safetensors or nnU-Net's .pth; the heads start anew.")
  var initialWeights: URL?

  func run() throws {
    LoggingSystem.bootstrap { _ in ConsoleLog() }
    try engine.check(precision)
    let raw = try RawDataset(dataset)
    let fold = try Fold(fold)
    var plan = try Plan.read(plan)
    try overrides.apply(to: &plan, for: raw.description)
    let split = try Splits.split(
      fold, of: raw.caseNames, file: dataset.appendingPathComponent("splits_final.json"))
    let folder = output.appendingPathComponent("fold_\(fold)")
    let task = TrainingTask(
      plan: plan, description: raw.description, store: try store(raw, plan), split: split,
      groups: try groups(raw, column: plan.training.sampler.groupColumn), folder: folder, engine: engine,
      precision: precision, resumes: resume, overwrites: overwrite, initialWeights: initialWeights)
    try train(task)
    try FinalValidation.run(model: folder, on: raw, cases: split.validation, engine: engine)
  }

  /// The cases' groups by `groups.csv` beside the data set, where it has one.
  private func groups(_ raw: RawDataset, column: String) throws -> [String: String] {
    guard let table = try raw.groups() else { return [:] }
    return raw.caseNames.reduce(into: [:]) { $0[$1] = table.value(column, of: $1) }
  }

  /// The preprocessed cases, made now where they do not exist.
  private func store(_ raw: RawDataset, _ plan: Plan) throws -> PreprocessedStore {
    let folder = preprocessed ?? output.appendingPathComponent("preprocessed")
    if !FileManager.default.fileExists(atPath: folder.appendingPathComponent("cases.json").path) {
      try PreprocessCommand.preprocess(raw, plan: plan, into: folder)
    }
    let store = try PreprocessedStore(folder)
    try store.check(plan)
    return store
  }

  private func train(_ task: TrainingTask) throws {
    let trainer = try Trainer(task, progress: TrainingProgress(logger: Logger(label: "hwsseg")))
    let signals = StopSignals()
    defer { signals.release() }
    if try trainer.run(stopRequested: { signals.received != nil }) == .stopped {
      throw ExitCode(128 + (signals.received ?? SIGTERM))
    }
  }
}

import Cluster
import Datasets
import Evaluation
import Files
import Foundation
import Inference
import Logging
import Plans
import Tensors
import Training

/// The training of one fold from raw images to its score: what `hwsseg train` does.
///
/// Cases are preprocessed where that has not been done, the network is trained on the fold's training cases, and the
/// cases held out are predicted and evaluated. Everything is in `RESULTS/fold_K`, see `ModelFolder`.
public struct FoldTraining {
  public let dataset: RawDataset
  public let plan: Plan
  public let split: Split
  public let folder: ModelFolder
  /// The folder of preprocessed cases.
  public let preprocessed: URL
  /// What computes convolutions.
  public var engine = Engine.auto
  /// Of activations and convolutions.
  public var precision = Precision.float32
  /// Whether to go on from the last checkpoint, if there is one.
  public var resumes = false
  /// Whether a model that is in the folder may be replaced.
  public var overwrites = false
  /// Weights of the same architecture to start from, safetensors or nnU-Net's `.pth`; the heads start anew.
  public var initialWeights: URL?
  /// The model folder of the teacher, if the plan has distillation; the folds of a training are averaged.
  public var teacher: URL?
  /// The number format in which several processes exchange gradients.
  public var gradientPrecision = Precision.float32
  /// The processes that train together; `nil` when this one trains alone.
  public var communicator: (any Communicator)?
  let logger: Logger

  /// Plans the training of a fold; nothing is read or written yet but the folds.
  ///
  /// - Parameters:
  ///   - dataset: The raw data set.
  ///   - plan: The plan to preprocess and train by.
  ///   - fold: The fold whose validation cases are held out.
  ///   - results: The folder for the fold's model folder.
  ///   - preprocessed: The folder of preprocessed cases, made if it is not there; `RESULTS/preprocessed` when left out.
  ///   - splits: A file like `splits_final.json` that names the cases of the folds; the data set's own when left out.
  ///   - logger: Receives a line for each thing that is done.
  /// - Throws: `InputError` when the data set has no such fold.
  public init(
    _ dataset: RawDataset, plan: Plan, fold: Fold, results: URL, preprocessed: URL? = nil, splits: URL? = nil,
    logger: Logger
  ) throws {
    self.dataset = dataset
    self.plan = plan
    split = try Splits.split(fold, of: dataset.caseNames, file: splits ?? dataset.splitsFile)
    folder = ModelFolder(fold: fold, of: results)
    self.preprocessed = preprocessed ?? ModelFolder.preprocessed(in: results)
    self.logger = logger
  }

  /// Checks everything that can be checked, preprocesses the cases where that has not been done, and trains.
  ///
  /// - Parameters:
  ///   - begin: Called with the trainer when everything is checked and open, before the first step.
  ///   - stopRequested: Called after every step. When it returns `true`, the run writes a checkpoint and stops.
  /// - Returns: Whether the training is finished or was stopped, and its epochs.
  /// - Throws: `InputError` when plan, cases, weights or folder are not usable, and what `Trainer` throws.
  public func train(begin: (Trainer) throws -> Void = { _ in }, stopRequested: () -> Bool) throws
    -> (outcome: Trainer.Outcome, history: [EpochRecord])
  {
    let groups = try groups()
    let cleanCases = try cleanCases()
    let teacherModels = try teacher.map { try ModelTeacher.models(in: $0, for: plan, dataset.description) }
    // The first process finds what is wrong for all. Then the others look whether they see the same files.
    if !isFirst { communicator?.wait() }
    try check(groups: groups, cleanCases: cleanCases, teacher: teacherModels)
    if isFirst { communicator?.wait() }
    var task = TrainingTask(
      plan: plan, description: dataset.description, store: try store(), split: split, groups: groups,
      cleanCases: cleanCases, folder: folder, engine: engine, precision: precision, resumes: resumes,
      overwrites: overwrites, initialWeights: initialWeights)
    task.gradientPrecision = gradientPrecision
    var hasBegun = false
    while true {
      // A trainer for each size of the patch; the one before has freed its network.
      let result = try { () throws -> (Trainer.Outcome, [EpochRecord]) in
        let teacher = try teacherModels.map { try ModelTeacher($0, for: plan, engine: engine, precision: precision) }
        let trainer = try Trainer(
          task, progress: TrainingProgress(logger: logger), teacher: teacher, communicator: communicator)
        if !hasBegun { try begin(trainer) }
        return (try trainer.run(stopRequested: stopRequested), trainer.history)
      }()
      guard result.0 == .patchGrows else { return result }
      hasBegun = true
      task.resumes = true
    }
  }

  /// Whether this process reports and writes, and not another one that trains with it.
  private var isFirst: Bool { communicator?.isFirst ?? true }

  /// The cases that are held out.
  var heldOut: [RawCase] {
    let names = Set(split.validation)
    return dataset.cases.filter { names.contains($0.name) }
  }

  /// Predicts and evaluates the cases that were held out, once `trainer` has finished, and writes segmentations,
  /// `summary.json` and `cases.csv` into `folder.validation`.
  ///
  /// - Returns: `nil` when no case was held out, or another process writes.
  /// - Throws: `InputError` when the model or an image cannot be read, or the folder cannot be written.
  public func validate() throws -> EvaluationSummary? {
    let cases = heldOut
    guard let references = cases.first?.label?.deletingLastPathComponent() else { return nil }
    let ensemble = try Ensemble([Model(folder)], options: .init(engine: engine), postprocesses: false)
    logger.info("Predicting the \(cases.count) cases held out")
    let prediction = try FolderPrediction(
      cases, with: ensemble, to: folder.validation, existing: .replace, communicator: communicator)
    let (logger, count) = (logger, prediction.caseCount)
    let failures = try prediction.run { finished, name, seconds in
      logger.info("\(finished)/\(count)  \(name)  \(String(format: "%.1f", seconds)) s")
    }
    if let failure = failures.first { throw failure }
    guard isFirst else { return nil }
    let summary = try Evaluator.evaluate(
      reference: references, prediction: folder.validation, description: dataset.description,
      groups: try dataset.groups(), cases: cases.map(\.name))
    try summary.write(to: folder.validation)
    return summary
  }

  /// Each case's group by the `groups.csv` beside the data set, where it has one.
  private func groups() throws -> [String: String] {
    guard let table = try dataset.groups() else { return [:] }
    let column = plan.training.sampler.groupColumn
    return dataset.caseNames.reduce(into: [:]) { $0[$1] = table.value(column, of: $1) }
  }

  /// The training cases that the plan says are known to be right.
  ///
  /// - Throws: `InputError` when there is no such column, or the data set has no such case.
  private func cleanCases() throws -> [String] {
    switch plan.training.cleanCases {
    case nil: return []
    case .names(let names):
      let known = Set(dataset.caseNames)
      if let name = names.first(where: { !known.contains($0) }) {
        throw InputError(
          "training.clean_cases", found: "\(name), which the data set does not have", expected: "names of its cases")
      }
      return split.training.filter(Set(names).contains)
    case .column(let column):
      guard let table = try dataset.groups(), table.columns.contains(column) else {
        throw InputError(
          "training.clean_cases", found: "no column \(column) in a groups.csv beside the data set",
          expected: "one with yes for the cases that are known to be right")
      }
      return split.training.filter { table.value(column, of: $0)?.lowercased() == "yes" }
    }
  }

  private func store() throws -> PreprocessedStore {
    let isMissing = !PreprocessedStore.exists(in: preprocessed)
    if communicator?.decision(isMissing) ?? isMissing {
      let (count, logger) = (communicator?.own(dataset.cases).count ?? dataset.cases.count, logger)
      logger.info("Preprocessing \(dataset.cases.count) cases into \(preprocessed.relativePath)")
      try Preprocessor(plan: plan, description: dataset.description).run(
        dataset, to: preprocessed, with: communicator
      ) { finished, name in logger.info("\(finished)/\(count)  \(name)") }
    }
    let store = try PreprocessedStore(preprocessed)
    try store.check(plan)
    return store
  }
}

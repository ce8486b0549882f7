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

/// Does the steps of a study, one after the other: what `hwsseg study` does.
///
/// A step that is done is not repeated, and a training that was interrupted goes on from its last checkpoint, so that a
/// study that was stopped for any reason is continued by the same call. Several processes divide the steps.
public struct StudyRunner {
  public let study: Study
  public let folder: StudyFolder
  /// What computes convolutions.
  public var engine = Engine.auto
  /// The processes that divide the steps; `nil` when this one does all.
  public var communicator: (any Communicator)?
  let dataset: RawDataset
  private let test: RawDataset?
  let logger: Logger

  /// Plans a study; nothing is written yet.
  ///
  /// - Parameters:
  ///   - study: What to do.
  ///   - dataset: The cases to train on.
  ///   - test: The cases to predict; when left out, those that the folds hold out.
  ///   - folder: The folder for the results.
  ///   - logger: Receives a line for each thing that is done.
  /// - Throws: `InputError` when the test cases have other labels or channels, or when no case would be tested that was
  ///   not trained on.
  public init(_ study: Study, on dataset: RawDataset, test: RawDataset?, folder: StudyFolder, logger: Logger) throws {
    (self.study, self.dataset, self.test, self.folder, self.logger) = (study, dataset, test, folder, logger)
    if let test {
      let (expected, found) = (dataset.description, test.description)
      guard expected.labels == found.labels, expected.channelNames == found.channelNames else {
        throw InputError(
          test.folder.path, found: "other labels or channels than in \(dataset.folder.path)", expected: "the same task")
      }
    } else if study.folds.contains(.all) {
      throw InputError(
        "--test", found: "nothing, and trainings on all cases", expected: "a data set of other cases",
        advice: "Or give the study folds that hold cases out, such as \"folds\": [\"0\"].")
    }
  }

  /// The folders of the tested cases' images and labels; `nil` where `dataset.json` lists the files.
  public var testFolders: (images: URL, labels: URL)? {
    let tested = test ?? dataset
    guard tested.description.files == nil, let first = tested.cases.first, let label = first.label else { return nil }
    return (first.images[0].deletingLastPathComponent(), label.deletingLastPathComponent())
  }

  /// The steps that are not done yet.
  ///
  /// - Throws: `InputError` when a training in the folder was done with another plan or another teacher.
  public func remaining() throws -> [StudyStep] { try study.steps.filter { try !isDone($0) } }

  /// The seconds that steps are expected to take; `nil` while none of a kind is done.
  ///
  /// - Throws: `InputError` when the table of finished steps cannot be used.
  public func estimate(_ steps: [StudyStep]) throws -> Double? { try StudyLog(folder.log).estimate(steps) }

  /// Does what is left.
  ///
  /// - Parameter stopRequested: Called after every training step and every case. When it returns `true`, the run stops
  ///   where it can be continued.
  /// - Returns: Whether the study is finished or was stopped.
  /// - Throws: `InputError` when another process works in the folder, or when data, plan or folder are not usable.
  public func run(stopRequested: @escaping () -> Bool) throws -> Trainer.Outcome {
    guard let communicator else {
      return try FolderLock.holding(folder.url) { try runLocked(remaining(), stopRequested) }
    }
    let steps = Self.divide(try remaining(), communicator)
    try preprocess(communicator)
    func run() throws -> Trainer.Outcome { try runLocked(steps, stopRequested) }
    let outcome = try communicator.isFirst ? FolderLock.holding(folder.url, run) : run()
    return communicator.gather(outcome == .stopped ? 1 : 0).contains(1) ? .stopped : .finished
  }

  private func runLocked(_ ownSteps: [StudyStep], _ stopRequested: @escaping () -> Bool) throws -> Trainer.Outcome {
    var log = try StudyLog(folder.log)
    var steps = ownSteps
    try checkMemory(of: steps)
    let total = communicator == nil ? study.steps.count : steps.count
    while let step = steps.first {
      guard try waitForOthers(before: step, stopRequested) else { return .stopped }
      let left = log.estimate(steps).map { ", \(TrainingProgress.duration($0)) left for all" } ?? ""
      logger.info("Step \(total - steps.count + 1) of \(total): \(step)\(left)")
      let start = ContinuousClock.now
      var seconds: Double?
      switch step {
      case .train(let arm, let seed, let fold):
        guard let trained = try train(arm, seed, fold, stopRequested) else { return .stopped }
        seconds = trained
      case .predict(let arm, let seed):
        try predict(arm, seed)
      }
      if communicator?.isFirst ?? true {
        try log.add(step, seconds: seconds ?? (ContinuousClock.now - start) / .seconds(1))
      }
      steps.removeFirst()
      if stopRequested(), !steps.isEmpty { return .stopped }
    }
    return .finished
  }

  /// Checks that every network that is left fits into the memory, so that a late arm does not end the study.
  private func checkMemory(of steps: [StudyStep]) throws {
    let (inputs, outputs) = (dataset.description.channelNames.count, dataset.description.outputChannels)
    // The seeds and folds of an arm train the same network.
    var checked: Set<String> = []
    for case .train(let arm, let seed, _) in steps where checked.insert(arm.name).inserted {
      let plan = try study.plan(of: arm, seed: seed)
      let teacher = try study.teacher(of: arm).map { teacher in
        try study.plan(of: teacher, seed: seed).configuration
          .architecture(inputChannels: inputs, outputChannels: outputs)
      }
      let teaching = try teacher.map {
        try ModelTeacher.memory(of: [$0], for: plan, engine: engine, precision: study.precision)
      }
      try TrainingMemory.check(
        plan, inputChannels: inputs, outputChannels: outputs, engine: engine, precision: study.precision,
        available: AvailableMemory.bytes - (teaching ?? 0))
    }
  }

  /// Trains one fold.
  ///
  /// - Returns: The seconds of all its epochs, also those before an interruption; `nil` when it was stopped.
  private func train(_ arm: Study.Arm, _ seed: Int, _ fold: Fold, _ stopRequested: () -> Bool) throws -> Double? {
    var training = try FoldTraining(
      dataset, plan: study.plan(of: arm, seed: seed), fold: fold, results: folder.results(arm.name, seed),
      preprocessed: folder.preprocessed, splits: study.splits, logger: logger)
    (training.engine, training.precision, training.resumes) = (engine, study.precision, true)
    training.teacher = arm.teacher.map { folder.model($0, seed, fold).url }
    let (outcome, history) = try training.train(stopRequested: stopRequested)
    return outcome == .finished ? history.map(\.seconds).reduce(0, +) : nil
  }

  /// Predicts the test cases with all folds together, or each fold's own cases, and evaluates them.
  private func predict(_ arm: Study.Arm, _ seed: Int) throws {
    let predictions = folder.predictions(arm.name, seed)
    let models = try study.folds.map { fold in
      try Model(folder.model(arm.training, seed, fold), checkpoint: arm.checkpoint)
    }
    if let test {
      try segment(test.cases, with: models, to: predictions)
      return try evaluate(test, test.cases, in: predictions)
    }
    var heldOut: Set<String> = []
    for (fold, model) in zip(study.folds, models) {
      let names = try Splits.split(fold, of: dataset.caseNames, file: study.splits ?? dataset.splitsFile).validation
      try segment(dataset.cases.filter { names.contains($0.name) }, with: [model], to: predictions)
      heldOut.formUnion(names)
    }
    try evaluate(dataset, dataset.cases.filter { heldOut.contains($0.name) }, in: predictions)
  }

  private func segment(_ cases: [RawCase], with models: [Model], to output: URL) throws {
    let ensemble = try Ensemble(
      models, options: .init(mirrorAxes: study.mirrors ? nil : [], engine: engine), postprocesses: false)
    // Each file is written whole, so those of an interrupted run are kept.
    let prediction = try FolderPrediction(cases, with: ensemble, to: output, existing: .keep)
    if let failure = try prediction.run(progress: { _, _, _ in }).first { throw failure }
  }

  private func evaluate(_ dataset: RawDataset, _ cases: [RawCase], in predictions: URL) throws {
    guard let references = cases.first?.label?.deletingLastPathComponent() else {
      throw InputError(dataset.folder.path, found: "no case to test", expected: "at least one")
    }
    let summary = try Evaluator.evaluate(
      reference: references, prediction: predictions, description: dataset.description, groups: dataset.groups(),
      cases: cases.map(\.name))
    try RobustSummary(summary).write(to: predictions)
    // Its cases.csv says that the step is done.
    try summary.write(to: predictions)
  }
}

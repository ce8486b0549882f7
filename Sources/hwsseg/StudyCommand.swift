import ArgumentParser
import Cluster
import Datasets
import Evaluation
import Foundation
import Logging
import Reports
import Tensors
import Training
import Workflows

/// `hwsseg study`: trains several arms with several seeds and compares them.
struct StudyCommand: SharedCommand {
  static let configuration = CommandConfiguration(
    commandName: "study",
    abstract: "Trains several arms with several seeds on the same cases, and compares them.",
    discussion: """
      The study file says what the arms change in the plan; Studies/README.md describes it. A study that was stopped \
      goes on where it was when it is called again. It ends with the comparison of the arms and RESULTS/report.html. \
      Under mpirun, several processes divide the trainings.
      """)

  @Argument(help: "The study file.")
  var study: URL

  @Argument(help: "The data set to train on, a folder in nnU-Net's raw layout.")
  var dataset: URL

  @Option(help: "The data set to test on; the cases that the folds hold out when left out.")
  var test: URL?

  @Option(name: .shortAndLong, help: "The folder for results.")
  var output: URL

  @Option(help: "The engine that computes convolutions.")
  var engine = Engine.auto

  @Flag(help: "Only say what is left to do and how long it takes.")
  var dryRun = false

  @OptionGroup var log: LogOptions

  func run(with communicator: (any Communicator)?) throws {
    StopSignals.ignoreMissingReader()
    let logger = log.logger(communicator)
    for sentence in communicator?.divideMachine(threads: nil) ?? [] { logger.info("\(sentence)") }
    let isFirst = communicator?.isFirst ?? true
    var runner = try StudyRunner(
      Study(contentsOf: study), on: RawDataset(dataset), test: test.map { try RawDataset($0) },
      folder: StudyFolder(output), logger: logger)
    (runner.engine, runner.communicator) = (engine, communicator)
    if dryRun { return isFirst ? try list(runner) : () }
    var record = RunRecord()
    (record.engine, record.precision, record.seeds) = (engine, runner.study.precision, runner.study.seeds)
    try RunJournal.command(record, in: isFirst ? output : nil, logger: logger) { journal in
      try train(runner, journal)
      if isFirst { try compare(runner) }
    }
  }

  private func train(_ runner: StudyRunner, _ journal: RunJournal) throws {
    let signals = StopSignals()
    defer { signals.release() }
    let outcome = try runner.run {
      journal.keep()
      return signals.received != nil
    }
    if outcome == .stopped { throw ExitCode(128 + (signals.received ?? SIGTERM)) }
  }

  private func list(_ runner: StudyRunner) throws {
    let steps = try runner.remaining()
    for step in steps { print(step) }
    let time = try steps.isEmpty ? nil : runner.estimate(steps).map { ", about \(TrainingProgress.duration($0))" }
    print("\(steps.count) of \(runner.study.steps.count) steps are left\(time ?? "")")
  }

  private func compare(_ runner: StudyRunner) throws {
    let (study, folder) = (runner.study, runner.folder)
    let sources = study.arms.map { arm in
      ArmSource(name: arm.name, tables: study.seeds.map { folder.scores(arm.name, $0) })
    }
    let columns = ScoreColumns()
    print(try Comparison(sources.map { try ComparisonArm($0, columns: columns, groups: nil) }).text(), terminator: "")
    // The curves of one training for each arm: the page shows what samplers do, not every run.
    let trainings = try study.arms.filter { $0.training == $0.name }.map { arm in
      try TrainingRun(folder: folder.model(arm.name, study.seeds[0], study.folds[0]).url)
    }
    let slices = runner.testFolders.map { SliceFolders(images: $0.images, reference: $0.labels) }
    let files = try Report(sources, columns: columns, trainings: trainings, slices: slices).write(to: folder.report)
    print("\nWritten to \(folder.report.relativePath), \(files.map(\.lastPathComponent).joined(separator: ", "))")
  }
}

import Charts
import Datasets
import Files
import Foundation
import HardnessWeighting

/// The tables that a run writes into its folder.
///
/// The files are replaced as a whole after every epoch, so that they are complete however the run ends.
struct TrainingLog {
  let folder: ModelFolder
  /// The names of the foreground classes or regions.
  let classes: [String]
  /// The group of each case that has one, by the name of the case.
  let groups: [String: String]

  /// Writes `log.csv`, with one row for each epoch.
  ///
  /// - Throws: `InputError` when the folder cannot be written.
  func write(_ history: [EpochRecord]) throws {
    let names = Set(groups.values).sorted()
    let methods = Set(history.flatMap { $0.methods?.keys.map { $0 } ?? [] }).sorted()
    let header =
      ["epoch", "learning_rate", "train_loss", "validation_loss"] + classes.map { "pseudo_dice_\($0)" }
      + ["mean_pseudo_dice", "ema_pseudo_dice", "effective_cases", "beta", "signal_share"] + names.map { "draws_\($0)" }
      + methods + ["selection_score", "selection_mean", "gradient_norm", "skipped_steps", "seconds"]
    let epochs = history.map { record in
      [String(record.epoch), number(record.learningRate), number(record.trainingLoss), number(record.validationLoss)]
        + record.pseudoDice.map(number)
        + [
          number(record.meanPseudoDice), number(record.averagePseudoDice), number(record.effectiveCases),
          number(record.beta), number(record.signalShare),
        ] + names.map { number(record.groupDraws[$0] ?? 0) } + methods.map { number(record.methods?[$0]) }
        + [
          number(record.selectionScore), number(record.selectionMean), number(record.gradientNorm),
          String(record.skippedSteps ?? 0),
          String(format: "%.2f", record.seconds),
        ]
    }
    try replace(folder.log, [header] + epochs)
    try AtomicFile.replace(folder.progress, with: chart(of: history).svg())
  }

  /// Losses, pseudo Dice, scores of whole cases and each group's share of the draws over the epochs: `progress.svg`.
  private func chart(of history: [EpochRecord]) -> LineChart {
    func line(_ name: String, _ value: (EpochRecord) -> Double?) -> LineChart.Series? {
      let points = history.compactMap { record in value(record).map { LineChart.Point(Double(record.epoch), $0) } }
      return points.isEmpty ? nil : LineChart.Series(name, points)
    }
    let lines = [
      line("training loss", \.trainingLoss), line("validation loss", \.validationLoss),
      line("pseudo Dice", \.meanPseudoDice), line("mean Dice of whole cases", \.selectionMean),
      line("selection score of whole cases", \.selectionScore),
    ]
    let groups = Set(groups.values).sorted().map { name in line("draws of \(name)") { $0.groupDraws[name] ?? 0 } }
    return LineChart(
      "Training", x: Axis("epoch"), y: Axis("loss, Dice and shares"), series: (lines + groups).compactMap { $0 })
  }

  /// Adds the rows of the current epoch to `sampler.csv` and `visits.csv`, and rewrites `suspects.csv`.
  ///
  /// `sampler.csv` has one row for each epoch and training case: the last loss of the case, its probability at
  /// the end of the epoch, how often it was drawn in the epoch, and, where hardness is estimated, the estimate
  /// with its standard error and the score of the whole case. Rows of this and later epochs, which an
  /// interrupted run has left, are dropped.
  ///
  /// - Parameters:
  ///   - state: The state of the run at the end of the epoch.
  ///   - sampler: The sampler at the end of the epoch.
  ///   - suspects: The cases that stay hard.
  /// - Throws: `InputError` when the folder cannot be written.
  func writeSampler(_ state: TrainingState, _ sampler: any CaseSampler, suspects: [LossHistory.Suspect]) throws {
    let header = ["epoch", "case", "group", "loss", "probability", "draws", "hardness", "standard_error", "score"]
    let probabilities = sampler.probabilities
    let estimator = sampler.estimator
    let rows = state.cases.indices.map { index in
      let name = state.cases[index]
      let estimate = estimator?.estimate(of: index)
      return [
        String(state.epoch), name, groups[name] ?? "", number(state.losses.lastLosses[index]),
        number(probabilities[index]), String(state.epochDraws[index]), number(estimate?.mean),
        number(estimate?.standardError), number(estimator?.scores?[index]),
      ]
    }
    try add(rows, of: state.epoch, to: folder.samplerLog, header: header)
    try writeVisits(state)
    let suspectRows = suspects.map { suspect in
      let name = state.cases[suspect.index]
      return [
        name, groups[name] ?? "", number(suspect.loss), number(suspect.median), String(suspect.visits),
        String(suspect.epochs),
      ]
    }
    try replace(folder.suspects, [["case", "group", "loss", "median_loss", "visits", "hard_epochs"]] + suspectRows)
  }

  /// Adds the visits of the current epoch to `visits.csv`, one row for each.
  private func writeVisits(_ state: TrainingState) throws {
    let header = [
      "epoch", "step", "case", "position", "shows_foreground", "absent_classes", "loss", "cross_entropy", "soft_dice",
      "signal", "probability", "beta",
    ]
    let rows = (state.epochVisits ?? []).map { visit in
      [
        String(state.epoch), String(visit.step), state.cases[visit.caseIndex], String(visit.position),
        visit.showsForeground ? "1" : "0", String(visit.absentClasses), number(visit.loss), number(visit.crossEntropy),
        number(visit.softDice), number(visit.signal), number(visit.probability), number(visit.beta),
      ]
    }
    try add(rows, of: state.epoch, to: folder.visits, header: header)
  }

  /// Replaces a table by its rows of earlier epochs and those of `epoch`.
  ///
  /// The earlier rows are copied as they are: after days of training, a table is too long to be parsed after every
  /// epoch.
  private func add(_ rows: [[String]], of epoch: Int, to table: URL, header: [String]) throws {
    let old = epoch == 0 ? nil : try? Data(contentsOf: table, options: .mappedIfSafe)
    let earlier = old.map { $0.prefix(Self.length($0, ofEpochsBefore: epoch)) } ?? Data()
    try AtomicFile.replace(table) { temporary in
      try earlier.write(to: temporary)
      let file = try FileHandle(forWritingTo: temporary)
      try file.seekToEnd()
      try file.write(contentsOf: Data(CSV.text((earlier.isEmpty ? [header] : []) + rows).utf8))
      try file.close()
    }
  }

  /// The number of bytes before the first row of an epoch that is not earlier than `epoch`.
  ///
  /// Epochs come in order, each row begins with its own, and few rows are dropped: they are looked for from the end.
  static func length(_ table: Data, ofEpochsBefore epoch: Int) -> Int {
    var (end, result) = (table.endIndex, table.endIndex)
    while end > table.startIndex {
      let start = table[..<(end - 1)].lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? table.startIndex
      let cell = table[start..<end].prefix { $0 != UInt8(ascii: ",") }
      // What begins with no number is the header, or the rest of a cell with a line break.
      if let number = Int(String(decoding: cell, as: UTF8.self)) {
        guard number >= epoch else { break }
        result = start
      }
      end = start
    }
    return result - table.startIndex
  }

  private func number(_ value: Double?) -> String { value.map { String(format: "%.6g", $0) } ?? "" }

  private func replace(_ file: URL, _ rows: [[String]]) throws { try AtomicFile.replace(file, with: CSV.text(rows)) }
}

import Files
import Foundation

/// The tables a run leaves in its folder. They are written anew after every epoch, so they are whole however the run ends.
struct TrainingLog {
  let folder: URL
  /// Names of the foreground classes.
  let classes: [String]

  /// Writes `log.csv`, a line an epoch, and `sampling.csv`, a line a training case.
  ///
  /// - Throws: `InputError` when the folder cannot be written.
  func write(_ state: TrainingState, probabilities: [Double]) throws {
    let head =
      ["epoch", "learning_rate", "train_loss", "validation_loss"] + classes.map { "pseudo_dice_\($0)" }
      + ["mean_pseudo_dice", "ema_pseudo_dice", "effective_cases", "gradient_norm", "seconds"]
    let epochs = state.history.map { record in
      [String(record.epoch), number(record.learningRate), number(record.trainingLoss), number(record.validationLoss)]
        + record.pseudoDice.map(number)
        + [
          number(record.meanPseudoDice), number(record.averagePseudoDice), number(record.effectiveCases),
          number(record.gradientNorm), String(format: "%.2f", record.seconds),
        ]
    }
    try write([head] + epochs, "log.csv")
    let cases = state.cases.indices.map {
      [state.cases[$0], String(state.draws[$0]), number(state.lastLosses[$0]), number(probabilities[$0])]
    }
    try write([["case", "draws", "last_loss", "probability"]] + cases, "sampling.csv")
  }

  private func number(_ value: Double?) -> String { value.map { String(format: "%.6g", $0) } ?? "" }

  private func write(_ rows: [[String]], _ name: String) throws {
    let lines = rows.map { row in
      row.map { $0.contains { ",\"\n\r".contains($0) } ? "\"\($0.replacingOccurrences(of: "\"", with: "\"\""))\"" : $0 }
        .joined(separator: ",")
    }
    try AtomicFile.replace(folder.appendingPathComponent(name), with: lines.joined(separator: "\n") + "\n")
  }
}

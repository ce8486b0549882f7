import Foundation
import Logging

/// Tells how training goes: a line an epoch through the logger and, on a terminal, a line in place with the time that
/// is left.
public final class TrainingProgress {
  private let logger: Logger
  private let showsSteps: Bool
  private var started: Date?
  private var stepsDone = 0
  private var lastShown = Date.distantPast

  /// - Parameter showsSteps: whether there is a terminal to show single steps on; by default when standard error is
  ///   one.
  public init(logger: Logger, showsSteps: Bool = isatty(STDERR_FILENO) == 1) {
    self.logger = logger
    self.showsSteps = showsSteps
  }

  func say(_ text: String) {
    clear()
    logger.info("\(text)")
  }

  /// To be called after each training step; `stepsLeft` is for the whole run.
  func step(epoch: Int, epochs: Int, iteration: Int, iterations: Int, loss: Double, stepsLeft: Int) {
    let now = Date()
    // The first step has caches to fill; the time is taken from its end.
    guard let started else {
      started = now
      return
    }
    stepsDone += 1
    guard showsSteps, now.timeIntervalSince(lastShown) > 0.2 else { return }
    lastShown = now
    let left = now.timeIntervalSince(started) / Double(stepsDone) * Double(stepsLeft)
    let text = String(
      format: "\r\u{1B}[Kepoch %d/%d  step %d/%d  loss %.4f  %@ left", epoch + 1, epochs, iteration, iterations, loss,
      Self.duration(left))
    FileHandle.standardError.write(Data(text.utf8))
  }

  func epoch(_ record: EpochRecord, epochs: Int, isBest: Bool) {
    let dice = record.pseudoDice.map { $0.map { String(format: "%.4f", $0) } ?? "–" }.joined(separator: " ")
    var text = String(
      format: "epoch %d/%d  learning rate %.5f  loss %.4f", record.epoch + 1, epochs, record.learningRate,
      record.trainingLoss)
    if let loss = record.validationLoss { text += String(format: "  validation %.4f  pseudo Dice %@", loss, dice) }
    if let average = record.averagePseudoDice {
      text += String(format: "  average %.4f%@", average, isBest ? " (best so far)" : "")
    }
    text += String(
      format: "  %.1f s  %@ left", record.seconds, Self.duration(record.seconds * Double(epochs - record.epoch - 1)))
    say(text)
  }

  private func clear() {
    if showsSteps { FileHandle.standardError.write(Data("\r\u{1B}[K".utf8)) }
  }

  static func duration(_ seconds: Double) -> String {
    let minutes = Int(min(max(seconds, 0), 1e9) / 60)
    if minutes < 1 { return "\(Int(max(seconds, 0))) s" }
    if minutes < 60 { return "\(minutes) min" }
    if minutes < 48 * 60 { return "\(minutes / 60) h \(minutes % 60) min" }
    return "\(minutes / 1440) days \(minutes / 60 % 24) h"
  }
}

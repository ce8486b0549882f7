import Foundation
import Logging

/// Reports the progress of a training run.
///
/// The logger receives one line for each epoch and the messages in between. On a terminal, a status line with the
/// current step and the remaining time is shown and updated in place.
public final class TrainingProgress {
  private let logger: Logger
  private let showsSteps: Bool
  private var started: Date?
  private var stepsDone = 0
  private var lastShown = Date.distantPast

  /// Creates a report.
  ///
  /// - Parameters:
  ///   - logger: Receives the lines.
  ///   - showsSteps: Whether to show the status line on standard error if messages are shown at all; by default when
  ///     that is a terminal.
  public init(logger: Logger, showsSteps: Bool = isatty(STDERR_FILENO) == 1) {
    self.logger = logger
    self.showsSteps = showsSteps && logger.logLevel <= .info
  }

  /// Logs what belongs into the report of an error.
  func debug(_ text: @autoclosure () -> String) {
    if logger.logLevel <= .debug { clearStatusLine() }
    logger.debug("\(text())")
  }

  /// Logs a message.
  func report(_ text: String) {
    clearStatusLine()
    logger.info("\(text)")
  }

  /// Updates the status line after a training step.
  ///
  /// - Parameter stepsLeft: The time until the end of the run, in that of a step like this one.
  func reportStep(epoch: Int, epochs: Int, iteration: Int, iterations: Int, loss: Double, stepsLeft: Int) {
    let now = Date()
    // The first step is slower than the others, so time is measured from its end.
    guard let started else {
      started = now
      return
    }
    stepsDone += 1
    if stepsDone == Self.timedSteps { reportTime(now.timeIntervalSince(started) / Double(stepsDone), stepsLeft) }
    guard showsSteps, now.timeIntervalSince(lastShown) > 0.2 else { return }
    lastShown = now
    let left = now.timeIntervalSince(started) / Double(stepsDone) * Double(stepsLeft)
    let text = String(
      format: "\r\u{1B}[Kepoch %d/%d  step %d/%d  loss %.4f  %@ left", epoch + 1, epochs, iteration, iterations, loss,
      Self.duration(left))
    Self.write(text)
  }

  /// Logs the results of an epoch.
  ///
  /// - Parameters:
  ///   - epochs: The number of epochs of the run.
  ///   - epochsLeft: The time that is left, in that of this epoch.
  ///   - isBest: Whether the moving average of the pseudo Dice is the largest so far.
  func reportEpoch(_ record: EpochRecord, epochs: Int, epochsLeft: Double, isBest: Bool) {
    let dice = record.pseudoDice.map { $0.map { String(format: "%.4f", $0) } ?? "–" }.joined(separator: " ")
    var text = String(
      format: "epoch %d/%d  learning rate %.5f  loss %.4f", record.epoch + 1, epochs, record.learningRate,
      record.trainingLoss)
    if let loss = record.validationLoss { text += String(format: "  validation %.4f  pseudo Dice %@", loss, dice) }
    if let average = record.averagePseudoDice {
      text += String(format: "  average %.4f%@", average, isBest ? " (best so far)" : "")
    }
    text += String(format: "  %.1f s  %@ left", record.seconds, Self.duration(record.seconds * epochsLeft))
    report(text)
  }

  /// The steps after which the time of a step is known well enough.
  private static let timedSteps = 5

  /// Logs how long the training will take, long before its first epoch ends.
  private func reportTime(_ seconds: Double, _ stepsLeft: Int) {
    guard seconds * Double(stepsLeft) >= 60 else { return }
    report(
      String(format: "A step takes %.2g s; ", seconds)
        + "the training steps that are left take about \(Self.duration(seconds * Double(stepsLeft))).")
  }

  private func clearStatusLine() {
    if showsSteps { Self.write("\r\u{1B}[K") }
  }

  /// Writes to the terminal, which may be gone.
  private static func write(_ text: String) {
    try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
  }

  /// A duration for a person to read, in the two largest units.
  public static func duration(_ seconds: Double) -> String {
    let minutes = Int(min(max(seconds, 0), 1e9) / 60)
    if minutes < 1 { return "\(Int(max(seconds, 0))) s" }
    if minutes < 60 { return "\(minutes) min" }
    if minutes < 48 * 60 { return "\(minutes / 60) h \(minutes % 60) min" }
    return "\(minutes / 1440) days \(minutes / 60 % 24) h"
  }
}

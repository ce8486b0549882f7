import Logging
import Synchronization
import Testing

@testable import Training

/// Protects that a long training says how long it takes before its first epoch ends, and a short one does not.
@Suite struct TrainingProgressTests {
  /// Keeps what is logged.
  private struct Collector: LogHandler {
    final class Store: Sendable { let lines = Mutex<[String]>([]) }

    let store = Store()
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.info

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { metadata[key] }
      set { metadata[key] = newValue }
    }

    func log(event: LogEvent) { store.lines.withLock { $0.append("\(event.message)") } }
  }

  private func lines(stepsLeft: Int) -> [String] {
    let collector = Collector()
    let progress = TrainingProgress(logger: Logger(label: "test") { _ in collector }, showsSteps: false)
    for step in 1...20 {
      progress.reportStep(
        epoch: 0, epochs: 1, iteration: step, iterations: 20, loss: 1, stepsLeft: max(0, stepsLeft - step))
    }
    return collector.store.lines.withLock { $0 }
  }

  @Test func theTimeIsSaidOnce() {
    // A step of this loop takes about a microsecond, and there are as many as make hours of it.
    let lines = self.lines(stepsLeft: 1 << 50)
    #expect(lines.count == 1 && lines[0].hasPrefix("A step takes "), "\(lines)")
  }

  @Test func aShortTrainingIsNotAnnounced() {
    #expect(lines(stepsLeft: 20).isEmpty)
  }
}

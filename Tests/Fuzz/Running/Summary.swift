import Foundation

/// What became of the inputs of a reader.
struct Summary {
  let reader: String
  let inputs: Int
  let accepted: Int
  let refused: Int
  let findings: [Finding]
  /// The processor time of the slowest input that was read to its end, in milliseconds.
  let slowest: Double
  let slowestInput: Int
  /// The largest resident memory of a worker in MB.
  let memory: Int
  let seconds: Double

  init(reader: String, inputs: Int, progress: Progress, findings: [Finding], seconds: Double) {
    self.reader = reader
    self.inputs = inputs
    accepted = progress[.accepted]
    refused = progress[.refused]
    self.findings = findings
    slowest = Double(progress[.slowest]) / 1e6
    slowestInput = progress[.slowestInput]
    memory = progress[.memory] >> 20
    self.seconds = seconds
  }

  private func count(_ isCounted: (Finding.Kind) -> Bool) -> Int { findings.count { isCounted($0.kind) } }

  private var crashes: Int {
    count { kind in
      switch kind {
      case .crash, .exit: true
      case .slow, .memory, .error: false
      }
    }
  }

  /// The line above the lines of readers.
  static let header = line(
    "reader", ["inputs", "accepted", "refused", "crashes", "slow", "large", "errors", "slowest ms", "peak MB", "s"])

  /// One line.
  var line: String {
    Self.line(
      reader,
      [inputs, accepted, refused, crashes, count { $0 == .slow }, count { $0 == .memory }, count { $0 == .error }].map {
        String($0)
      } + [String(format: "%.1f", slowest), String(memory), String(format: "%.1f", seconds)])
  }

  private static func line(_ name: String, _ cells: [String]) -> String {
    name.padding(toLength: 20, withPad: " ", startingAt: 0)
      + cells.map { String(repeating: " ", count: max(1, 11 - $0.count)) + $0 }.joined()
  }
}

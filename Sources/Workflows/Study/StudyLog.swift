import Files
import Foundation

/// How long the steps of a study took.
struct StudyLog {
  private let file: URL
  private var rows: [(kind: String, step: String, seconds: Double)]

  /// Reads the table of an earlier run, if there is one.
  ///
  /// - Throws: `InputError` when the file cannot be used.
  init(_ file: URL) throws {
    self.file = file
    guard FileManager.default.fileExists(atPath: file.path) else {
      rows = []
      return
    }
    rows = try CSV.rows(contentsOf: file).dropFirst().map { line, cells in
      guard cells.count == 3, let seconds = Double(cells[2]) else {
        throw InputError(
          file.path, found: "no number of seconds in line \(line)", expected: "the table that hwsseg study writes",
          advice: "Remove the file; only the estimate of the time left needs it.")
      }
      return (cells[0], cells[1], seconds)
    }
  }

  /// Adds a step and replaces the file.
  ///
  /// - Throws: `InputError` when the file cannot be written.
  mutating func add(_ step: StudyStep, seconds: Double) throws {
    rows.append((step.kind, step.description, seconds))
    try AtomicFile.replace(
      file,
      with: CSV.text(
        [["kind", "step", "seconds"]] + rows.map { [$0.kind, $0.step, String(format: "%.1f", $0.seconds)] }))
  }

  /// The seconds that steps will take if they take as long as those of their kind did on average; `nil` while none of
  /// a kind is done.
  func estimate(_ steps: [StudyStep]) -> Double? {
    let durations = Dictionary(grouping: rows, by: \.kind).mapValues { $0.map(\.seconds) }
    let estimates = steps.map { step in
      durations[step.kind].map { $0.reduce(0, +) / Double($0.count) }
    }
    return estimates.contains(nil) ? nil : estimates.compactMap { $0 }.reduce(0, +)
  }
}

import Files
import Foundation
import Plans

/// The visits of a training, read from its `visits.csv`, for replaying samplers over them.
public struct VisitTable: Sendable {
  /// A visit of a case.
  struct Entry: Sendable {
    /// The training step, counted from the start of the run.
    let step: Int
    let loss: Double
    let crossEntropy: Double
    let softDice: Double?
    /// The kind of the patch, as the sampler was told.
    let kind: Int

    /// What a sampler with this setting would have been told.
    func signal(_ signal: SamplerSettings.Signal) -> Double {
      switch signal {
      case .loss: loss
      case .balanced: crossEntropy - (softDice ?? 0)
      case .dice: -(softDice ?? 0)
      }
    }
  }

  /// No network has larger batches.
  private static let maximumBatchSize = 1024

  /// The names of the cases, in order.
  public let caseNames: [String]
  /// The number of training steps.
  public let steps: Int
  /// The number of samples in a batch.
  public let batchSize: Int
  /// The visits of each case in order of their steps; at least one each.
  let entries: [[Entry]]

  init(caseNames: [String], steps: Int, batchSize: Int, entries: [[Entry]]) {
    self.caseNames = caseNames
    self.steps = steps
    self.batchSize = batchSize
    self.entries = entries
  }

  /// Reads a `visits.csv`.
  ///
  /// - Throws: `InputError` when the file cannot be read, lacks a column or holds something that is not a number.
  public init(contentsOf url: URL) throws {
    let rows = try CSV.rows(contentsOf: url)
    guard let header = rows.first?.cells else {
      throw InputError(url.path, found: "an empty table", expected: "the visits.csv of a training")
    }
    func column(_ name: String) throws -> Int {
      guard let column = header.firstIndex(of: name) else {
        throw InputError(url.path, found: "no column \(name)", expected: "the visits.csv of a training")
      }
      return column
    }
    let columns = try [
      "epoch", "step", "case", "position", "shows_foreground", "absent_classes", "loss", "cross_entropy", "soft_dice",
    ].map(column)
    var visits: [String: [Entry]] = [:]
    var (step, largest, previous) = (-1, 0, [""])
    for (line, cells) in rows.dropFirst() {
      func unusable(_ name: Int) -> InputError {
        InputError(url.path, found: "an unusable \(header[columns[name]]) in line \(line)", expected: "a number")
      }
      guard cells.count == header.count else {
        throw InputError(url.path, found: "\(cells.count) cells in line \(line)", expected: "\(header.count)")
      }
      func number(_ name: Int) throws -> Double {
        // Losses are 32-bit floats; sums and squares of larger numbers could overflow.
        guard let value = Double(cells[columns[name]]), abs(value) <= 1e40 else { throw unusable(name) }
        return value
      }
      func integer(_ name: Int) throws -> Int {
        guard let value = Int(cells[columns[name]]), 0...1_000_000_000 ~= value else { throw unusable(name) }
        return value
      }
      let time = [cells[columns[0]], cells[columns[1]]]
      if time != previous { (step, previous) = (step + 1, time) }
      let position = try integer(3)
      guard position < Self.maximumBatchSize else { throw unusable(3) }
      largest = max(largest, position + 1)
      let kind = try 2 * integer(5) + integer(4)
      let dice = cells[columns[8]].isEmpty ? nil : try number(8)
      visits[cells[columns[2]], default: []].append(
        Entry(step: step, loss: try number(6), crossEntropy: try number(7), softDice: dice, kind: kind))
    }
    guard !visits.isEmpty else {
      throw InputError(url.path, found: "no visits", expected: "at least one", advice: "Train for an epoch first.")
    }
    caseNames = visits.keys.sorted()
    entries = caseNames.map { visits[$0] ?? [] }
    steps = step + 1
    batchSize = largest
  }

  /// The recorded visit of a case that is nearest to a step.
  func nearest(to step: Int, of index: Int) -> Entry {
    let entries = entries[index]
    var (low, high) = (0, entries.count)
    while low < high {
      let middle = (low + high) / 2
      if entries[middle].step < step { low = middle + 1 } else { high = middle }
    }
    guard low > 0 else { return entries[0] }
    guard low < entries.count else { return entries[low - 1] }
    return step - entries[low - 1].step <= entries[low].step - step ? entries[low - 1] : entries[low]
  }
}

import Files
import Foundation
import Statistics

/// How hard each case was in an earlier training or evaluation, read from a table.
public struct HardnessScores {
  /// The score of each case by its name; larger is harder.
  public let scores: [String: Double]

  /// Reads a `sampler.csv` (columns `case` and `loss`; the last row of a case counts) or a `cases.csv` (columns
  /// `case` and `Dice`; 1 − the mean over the rows of a case counts, rows without Dice are left out).
  ///
  /// - Throws: `InputError` when the file cannot be read or has neither column.
  public init(_ file: URL) throws {
    let rows = try CSV.rows(contentsOf: file).map(\.cells)
    let header = rows.first ?? []
    guard let name = header.firstIndex(of: "case"),
      let value = header.firstIndex(where: { ["loss", "Dice"].contains($0) })
    else {
      throw InputError(
        file.path, found: "no table with the columns case, and loss or Dice",
        expected: "the sampler.csv of a training or the cases.csv of an evaluation")
    }
    var values: [String: [Double]] = [:]
    for row in rows.dropFirst() where row.count == header.count {
      if let number = Double(row[value]), number.isFinite { values[row[name], default: []].append(number) }
    }
    scores =
      header[value] == "loss" ? values.compactMapValues(\.last) : values.mapValues { 1 - SampleMoments.mean($0) }
  }

  /// The scores of the given cases, `nil` where the table has none.
  func values(of cases: [String]) -> [Double?] { cases.map { scores[$0] } }
}

import Evaluation
import Foundation

/// The slices of one case, for each method. Of several trainings, the first is shown.
struct CasePicture {
  /// The slices of one method with the name above them.
  struct Row {
    let label: String
    let slices: [String]
  }

  let caseName: String
  let rows: [Row]

  init(caseName: String, rows: [Row]) { (self.caseName, self.rows) = (caseName, rows) }

  /// - Parameters:
  ///   - index: The position of the case.
  ///   - score: The score to name.
  ///   - sources: The methods' tables, which predictions lie beside.
  ///   - folders: Where images and references are.
  /// - Throws: `InputError` when a volume of the case cannot be read.
  init(_ index: Int, _ score: ReportScore, _ sources: [ArmSource], _ folders: SliceFolders) throws {
    let name = score.caseNames[index]
    caseName = name + (score.groupings.first?.groups[name].map { ", \($0)" } ?? "")
    let volumes = try CaseVolumes(
      name, folders, predictions: sources.map { $0.tables[0].deletingLastPathComponent() })
    // All methods are shown in the same slices.
    let (box, slices) = (volumes.box, volumes.slices)
    rows = zip(score.arms, volumes.predictions).map { arm, prediction in
      Row(
        label: arm.name + (arm.runs.count > 1 ? ", first training" : "") + ": " + Self.text(index, score, arm.runs[0]),
        slices: (0..<3).map { SlicePicture.svg(volumes, prediction, across: $0, at: slices[$0], in: box) })
    }
  }

  /// The mean score of a case in a training and its worst label.
  private static func text(_ index: Int, _ score: ReportScore, _ table: ScoreTable) -> String {
    func text(_ value: Double) -> String { TextTable.number(value, decimals: score.decimals) }
    let mean = text(table.rows[0].values[index])
    let values = table.values.map { $0[index] }
    let defined = values.indices.filter { !values[$0].isNaN }
    guard values.count > 1,
      let worst = defined.min(by: { score.isHigherBetter ? values[$0] < values[$1] : values[$0] > values[$1] })
    else { return "\(score.name) \(mean)" }
    return "mean \(score.name) \(mean), worst \(table.labels[worst]) \(text(values[worst]))"
  }
}

import Evaluation
import Foundation

/// The slices of one case, for each evaluation.
struct CasePicture {
  /// The slices of one evaluation with the name above them.
  struct Row {
    let label: String
    let slices: [String]
  }

  let caseName: String
  let rows: [Row]

  /// - Throws: `InputError` when a volume of the case cannot be read.
  init(_ name: String, _ evaluations: Evaluations, _ folders: SliceFolders) throws {
    caseName = name + (evaluations.group(of: name).map { ", \($0)" } ?? "")
    let arms = evaluations.arms.filter { $0.scores.cases.contains(name) }
    let volumes = try CaseVolumes(name, folders, predictions: arms.map(\.scores.folder))
    // All evaluations are shown in the same slices.
    let (box, slices) = (volumes.box, volumes.slices)
    rows = zip(arms, volumes.predictions).map { arm, prediction in
      Row(
        label: Self.label(name, arm),
        slices: (0..<3).map { SlicePicture.svg(volumes, prediction, across: $0, at: slices[$0], in: box) })
    }
  }

  /// The mean Dice of a case and its worst label.
  private static func label(_ name: String, _ arm: Evaluations.Arm) -> String {
    let values = arm.scores.labels.indices.map { arm.scores.value(.dice, $0, of: name) }
    let mean = String(format: "%.3f", arm.scores.value(.dice, nil, of: name))
    let defined = values.indices.filter { !values[$0].isNaN }
    guard values.count > 1, let worst = defined.min(by: { values[$0] < values[$1] }) else {
      return "\(arm.name): Dice \(mean)"
    }
    return "\(arm.name): mean Dice \(mean), worst \(arm.scores.labels[worst]) \(String(format: "%.3f", values[worst]))"
  }
}

extension Evaluations {
  /// The cases with the lowest mean Dice in any evaluation, worst first.
  func worst(_ count: Int) -> [String] {
    let ranked = cases.compactMap { name -> (value: Double, name: String)? in
      let values = arms.map { $0.scores.value(.dice, nil, of: name) }.filter { !$0.isNaN }
      return values.min().map { ($0, name) }
    }
    return ranked.sorted { ($0.value, $0.name) < ($1.value, $1.name) }.prefix(count).map(\.name)
  }
}

import Evaluation
import Foundation
import Perturbations

extension StressResult {
  /// Tables for the terminal: mean Dice by kind and severity with its difference from the clean images, and whom each
  /// kind harms most at the highest severity.
  public func tables() -> String {
    let clean = Self.mean(unchanged)
    let cases = unchanged.count == 1 ? "1 case" : "\(unchanged.count) cases"
    var rows = [["severity"] + severities.map(Self.text)]
    for kind in kinds {
      let columns = severities.map { scores(of: PerturbationSet(kind, severity: $0)) }
      rows.append([kind.rawValue] + columns.map { Self.cell(Self.mean($0), clean) })
      if tries > 1 { rows.append(["  worst of \(tries)"] + columns.map { Self.cell(Self.worst($0), clean) }) }
    }
    return "Dice, mean of the labels, \(cases): \(Self.number(clean)) without change\n"
      + TextTable.aligned(rows) + "\n" + victims()
  }

  private func victims() -> String {
    guard let severity = severities.last else { return "" }
    var rows = [["worst at severity \(Self.text(severity))", "group", "Dice", "case", "Dice"]]
    let sets = kinds.map { (name: $0.rawValue, scores: scores(of: PerturbationSet($0, severity: severity))) }
    for (name, scores) in [(name: "without change", scores: unchanged)] + sets {
      let (group, worst) = (Self.worstGroup(scores), Self.worstCase(scores))
      rows.append([
        name, group?.name ?? "–", Self.number(group?.dice ?? .nan), worst?.caseName ?? "–",
        Self.number(worst?.mean ?? .nan),
      ])
    }
    return TextTable.aligned(rows)
  }

  private static func cell(_ dice: Double, _ clean: Double) -> String {
    "\(number(dice)) (\(TextTable.number(dice - clean, decimals: 3, signed: true)))"
  }

  private static func number(_ dice: Double) -> String { TextTable.number(dice, decimals: 3) }
}

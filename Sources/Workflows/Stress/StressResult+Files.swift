import Charts
import Files
import Foundation
import Perturbations

extension StressResult {
  /// Writes `stress.csv`, a row for each case, perturbation and label, and `stress.svg`, the curves.
  ///
  /// - Throws: `InputError` when the folder cannot be written.
  public func write(to folder: URL) throws {
    try AtomicFile.replace(folder.appendingPathComponent("stress.csv"), with: CSV.text(rows))
    try AtomicFile.replace(folder.appendingPathComponent("stress.svg"), with: chart.svg())
  }

  /// The column `perturbation` names kind, severity and try, so that `compare` can tell rows apart by it.
  private var rows: [[String]] {
    let header = ["case", "group", "perturbation", "kind", "severity", "try", "parameters", "label", "Dice"]
    return [header]
      + scores.flatMap { score in
        let set = score.perturbation?.set
        let kind = set?.kind.rawValue ?? "clean"
        let (severity, attempt) = (Self.text(set?.severity ?? 0), "\(score.attempt + 1)")
        let name = set == nil ? kind : [kind, severity, attempt].joined(separator: "-")
        return zip(targets, score.dice).map { target, dice in
          [
            score.caseName, score.group ?? "", name, kind, severity, attempt,
            score.perturbation?.description ?? "", target.name, dice.isNaN ? "NaN" : String(dice),
          ]
        }
      }
  }

  /// The mean Dice of each kind over severity; with several tries, a band down to the worst.
  private var chart: LineChart {
    let clean = Self.mean(unchanged)
    return LineChart(
      "Robustness to changes of the acquisition", x: Axis("severity", range: 0...1),
      y: Axis("Dice, mean of cases and labels", range: 0...1),
      series: kinds.map { kind in
        let points = severities.map { severity in
          let scores = scores(of: PerturbationSet(kind, severity: severity))
          let mean = Self.mean(scores)
          return tries > 1
            ? LineChart.Point(severity, mean, low: Self.worst(scores), high: mean) : LineChart.Point(severity, mean)
        }
        let start = tries > 1 ? LineChart.Point(0, clean, low: clean, high: clean) : LineChart.Point(0, clean)
        return LineChart.Series(kind.rawValue, [start] + points)
      })
  }

  /// A severity without digits that say nothing: 0.5, 1.
  static func text(_ severity: Double) -> String {
    severity == severity.rounded() ? String(Int(severity)) : String(severity)
  }
}

import Datasets
import Foundation
import NIfTI

/// nnU-Net's decision for which labels only the largest connected part is kept: those for which it raises Dice.
public enum PostprocessingSearch {
  /// Tries all foreground labels together first: kept when the mean Dice over the labels rises, and that of no label
  /// falls. Then, if there are several, each label (or region) alone: kept when its own mean Dice rises.
  ///
  /// Means over cases leave out where a label is in neither volume; what cannot be compared for want of a number counts
  /// as not better.
  ///
  /// - Parameters:
  ///   - reference, prediction: folders of label maps; all predictions are looked at.
  /// - Throws: `InputError` when references are missing, when a pair does not fit, and when a file is no label map.
  public static func search(
    reference: URL, prediction: URL, description: DatasetDescription
  ) throws -> Postprocessing {
    let targets = EvaluationTarget.all(of: description)
    let names = try CasePair.caseNames(in: prediction, ending: description.fileEnding)
    let pairs = try CasePair.all(
      reference: reference, prediction: prediction, ending: description.fileEnding, cases: names)
    func dice(_ rule: Postprocessing) throws -> [Double] {
      try meanDice(pairs, targets, ignored: description.ignoreLabel, after: rule)
    }

    var best = Postprocessing()
    var bestDice = try dice(best)
    let together = Postprocessing(steps: [.init(description.foregroundLabels)])
    let togetherDice = try dice(together)
    if mean(togetherDice) > mean(bestDice), !zip(togetherDice, bestDice).contains(where: { $0 < $1 }) {
      (best, bestDice) = (together, togetherDice)
    }
    guard targets.count > 1 else { return best }
    for (index, target) in targets.enumerated() {
      let candidate = Postprocessing(steps: best.steps + [.init(target.values, isLabel: !target.isRegion)])
      let candidateDice = try dice(candidate)
      if candidateDice[index] > bestDice[index] { (best, bestDice) = (candidate, candidateDice) }
    }
    return best
  }

  /// The mean Dice of each target over the cases in which it is defined.
  private static func meanDice(
    _ pairs: [CasePair], _ targets: [EvaluationTarget], ignored: Int?, after rule: Postprocessing
  ) throws -> [Double] {
    let cases = try CasePair.map(pairs) { pair in
      let reference = try NIfTIFile.readLabels(pair.reference).labels
      let prediction = rule.apply(to: try NIfTIFile.readLabels(pair.prediction).labels)
      return targets.map { target in
        let masks = RegionMasks(
          prediction: prediction, reference: reference, values: target.values, ignored: ignored)
        return Double(2 * masks.truePositives)
          / Double(2 * masks.truePositives + masks.falsePositives + masks.falseNegatives)
      }
    }
    return targets.indices.map { target in mean(cases.map { $0[target] }.filter { !$0.isNaN }) }
  }

  private static func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }
}

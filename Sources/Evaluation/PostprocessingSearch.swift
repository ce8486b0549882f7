import Datasets
import Foundation
import NIfTI

/// nnU-Net's choice of post-processing: for which labels keeping only the largest connected component raises Dice.
public enum PostprocessingSearch {
  /// Tries all foreground labels together first; the step is kept when the mean Dice over the labels rises and
  /// that of no label falls. Then, if there are several labels (or regions), tries each alone; a step is kept
  /// when the label's own mean Dice rises.
  ///
  /// Cases in which a label is in neither volume are left out of its mean. A mean that is not defined counts as not
  /// better.
  ///
  /// - Parameters:
  ///   - reference: The folder of reference segmentations.
  ///   - prediction: The folder of predictions, all of which are used.
  ///   - description: Says which labels or regions count, and which label is ignored.
  /// - Throws: `InputError` when references are missing, when a pair differs in geometry, or when a file is not a label
  ///   map.
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

import Datasets
import Files
import Foundation
import NIfTI

/// Evaluates a folder of predictions against a folder of reference segmentations.
public enum Evaluator {
  /// Compares every reference with the prediction of the same name.
  ///
  /// All headers are checked before the first case is computed. Several cases are computed at a time, as many as fit
  /// into memory.
  ///
  /// - Parameters:
  ///   - reference: A folder of label maps, named after their cases with the data set's file ending.
  ///   - prediction: A folder of label maps with the same names.
  ///   - description: Says which labels or regions count, and which label is ignored.
  ///   - groups: The table of groups to break results down by. Cases that it does not list belong to no group.
  ///   - cases: The cases to evaluate, for a fold's validation; when left out, all references, each of which needs a
  ///     prediction.
  /// - Throws: `InputError` when predictions (or references) are missing, when a pair differs in shape or geometry,
  ///   or when a file is not a label map.
  public static func evaluate(
    reference: URL, prediction: URL, description: DatasetDescription, groups: CaseTable? = nil, cases: [String]? = nil
  ) throws -> EvaluationSummary {
    let targets = EvaluationTarget.all(of: description)
    let pairs = try CasePair.all(
      reference: reference, prediction: prediction, ending: description.fileEnding, cases: cases.map(Set.init))
    if let groups, !pairs.contains(where: { groups.caseNames.contains($0.name) }) {
      throw InputError(
        "groups.csv", found: "none of the \(pairs.count) cases (\(pairs[0].name), …)", expected: "a row for each case")
    }
    let evaluated = try CasePair.map(pairs) {
      try evaluate($0, targets: targets, ignored: description.ignoreLabel)
    }
    return EvaluationSummary(targets: targets, cases: evaluated, groups: groups)
  }

  private static func evaluate(_ pair: CasePair, targets: [EvaluationTarget], ignored: Int?) throws -> CaseEvaluation {
    let (reference, geometry) = try NIfTIFile.readLabels(pair.reference)
    let (prediction, _) = try NIfTIFile.readLabels(pair.prediction)
    let metrics = targets.map { target in
      SegmentationMetrics(
        prediction: prediction, reference: reference, values: target.values, ignored: ignored, spacing: geometry.spacing
      )
    }
    let extents = zip(geometry.shape, geometry.spacing).map { Double($0) * $1 }
    return CaseEvaluation(
      name: pair.name, predictionFile: pair.prediction, referenceFile: pair.reference, metrics: metrics,
      diagonal: extents.reduce(0) { $0 + $1 * $1 }.squareRoot())
  }
}

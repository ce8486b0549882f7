import Evaluation
import Foundation
import Perturbations

/// The Dice of all cases after all perturbations: the robustness curves of a model.
public struct StressResult: Sendable {
  /// The labels or regions.
  public let targets: [EvaluationTarget]
  /// The kinds of perturbations, in the order of the table.
  public let kinds: [PerturbationKind]
  /// Ascending, without 0.
  public let severities: [Double]
  /// The number of perturbations drawn for each case, kind and severity.
  public let tries: Int
  /// The images as they are first, and then by kind, severity, try and case.
  public let scores: [StressScore]

  /// The scores of the images as they are.
  var unchanged: [StressScore] { scores.filter { $0.perturbation == nil } }

  /// The scores of a kind at a severity.
  func scores(of set: PerturbationSet) -> [StressScore] { scores.filter { $0.perturbation?.set == set } }

  /// The mean Dice over cases, each a mean over its tries.
  static func mean(_ scores: [StressScore]) -> Double {
    StressScore.mean(byCase(scores).map { StressScore.mean($0.map(\.mean)) })
  }

  /// The mean Dice over cases, each the worst of its tries.
  static func worst(_ scores: [StressScore]) -> Double {
    StressScore.mean(byCase(scores).map { $0.map(\.mean).filter { !$0.isNaN }.min() ?? .nan })
  }

  private static func byCase(_ scores: [StressScore]) -> [[StressScore]] {
    Dictionary(grouping: scores, by: \.caseName).sorted { $0.key < $1.key }.map(\.value)
  }

  /// The group with the lowest mean Dice; `nil` with fewer than two groups.
  static func worstGroup(_ scores: [StressScore]) -> (name: String, dice: Double)? {
    let groups = Dictionary(grouping: scores.filter { $0.group != nil }) { $0.group ?? "" }
      .map { (name: $0, dice: mean($1)) }.filter { !$0.dice.isNaN }
    guard groups.count > 1 else { return nil }
    return groups.min { ($0.dice, $0.name) < ($1.dice, $1.name) }
  }

  /// The case and try with the lowest Dice.
  static func worstCase(_ scores: [StressScore]) -> StressScore? {
    scores.filter { !$0.mean.isNaN }.min { ($0.mean, $0.caseName) < ($1.mean, $1.caseName) }
  }
}

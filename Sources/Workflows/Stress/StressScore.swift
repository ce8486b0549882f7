import Foundation
import Perturbations

/// The Dice of one case after one perturbation.
public struct StressScore: Sendable {
  /// The name of the case.
  public let caseName: String
  /// The group of the case by the table of groups; `nil` when it is in none.
  public let group: String?
  /// The perturbation; `nil` for the images as they are.
  public let perturbation: DrawnPerturbation?
  /// The number of the try, from 0.
  public let attempt: Int
  /// The Dice of each target; NaN where a label is in neither volume.
  public let dice: [Double]

  /// The mean over the targets that have a Dice; NaN when there are none.
  public var mean: Double { Self.mean(dice) }

  /// The mean of the values that are not NaN; NaN when there are none.
  static func mean(_ values: [Double]) -> Double {
    let values = values.filter { !$0.isNaN }
    return values.reduce(0, +) / Double(values.count)
  }
}

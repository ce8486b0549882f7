import Plans
import Statistics

extension TrainingSettings.Selection {
  /// The score of an epoch, by which the best is chosen.
  ///
  /// - Parameters:
  ///   - dice: The Dice of each validation case, `nil` where it has none.
  ///   - groups: The group of each case that has one.
  /// - Returns: `nil` when no case has a Dice.
  func score(_ dice: [Double?], groups: [String?]) -> Double? {
    let known = dice.compactMap { $0 }
    guard !known.isEmpty else { return nil }
    switch self {
    case .pseudoDice: return nil
    case .mean: return SampleMoments.mean(known)
    case .percentile: return Quantile.percentile(10, of: known)
    case .cvar: return TailMean.cvar(0.25, worstFirst: known.sorted())
    case .worstGroup:
      var members: [String: [Double]] = [:]
      for case (let value?, let group) in zip(dice, groups) { members[group ?? "", default: []].append(value) }
      return members.values.map(SampleMoments.mean).min()
    }
  }
}

/// What a comparison supports, in one sentence.
///
/// A difference is claimed only where its interval does not include 0, and never for a handful of cases: four patients
/// of a rare group prove nothing, however alike they are.
enum Verdict {
  /// The statistics that the verdict is about, in the order of the table.
  static let statistics: [RobustStatistic] = [.mean, .percentile25, .percentile10, .percentile5, .worstTenth]

  static func sentence(_ label: LabelDifference, baseline: String, arm: String, isHigherBetter: Bool) -> String {
    let figures =
      statistics.map { ($0.title(isHigherBetter: isHigherBetter), label.all[$0]) }
      + [("worst group", label.worstGroup)]
    func names(_ outcome: PairedDifference.Outcome) -> [String] {
      figures.compactMap { name, figure in figure?.outcome(isHigherBetter: isHigherBetter) == outcome ? name : nil }
    }
    let (better, worse, open, few) = (names(.better), names(.worse), names(.open), names(.tooFew))
    let count = label.all.count
    guard !label.all.saysLittle else {
      return "\(count) case\(count == 1 ? " is" : "s are") too few for a verdict on \(arm) and \(baseline)."
    }
    let tooFew = few.isEmpty ? "" : "; \(count) cases are too few for \(list(few))"
    guard !better.isEmpty || !worse.isEmpty else {
      return "No difference is shown between \(arm) and \(baseline) in \(list(open))\(tooFew)."
    }
    var claims: [String] = []
    if !better.isEmpty { claims.append("better than \(baseline) in \(list(better))") }
    if !worse.isEmpty { claims.append("worse\(better.isEmpty ? " than \(baseline)" : "") in \(list(worse))") }
    let unclear = open.isEmpty ? "" : "; no difference is shown in \(list(open))"
    return "\(arm) is \(claims.joined(separator: " but "))\(unclear)\(tooFew)."
  }

  /// "the mean, percentile 10 and the worst group"
  private static func list(_ names: [String]) -> String {
    let names = names.map { $0.hasPrefix("percentile") ? $0 : "the \($0)" }
    return names.count < 2
      ? names.joined() : names.dropLast().joined(separator: ", ") + " and " + names[names.count - 1]
  }
}

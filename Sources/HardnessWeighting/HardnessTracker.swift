/// The estimates that a strategy draws by, with what they need to know of its draws: how likely each was.
///
/// Every strategy that follows losses can share it: it records draws and visits, and reads scores.
struct HardnessTracker: Codable, Sendable, Equatable {
  private(set) var estimator: HardnessEstimator
  /// For each case that has been drawn and not recorded, n times the probability of each of its draws, oldest first.
  private var drawingRatios: [Int: [Double]] = [:]

  init(caseCount: Int, options: HardnessEstimator.Options) {
    estimator = HardnessEstimator(caseCount: caseCount, options: options)
  }

  /// Records that a case was drawn, with n times the probability of that.
  mutating func recordDraw(of index: Int, ratio: Double) { drawingRatios[index, default: []].append(ratio) }

  /// Records what a drawn case has shown.
  mutating func record(_ visit: Visit) {
    var ratios = drawingRatios[visit.caseIndex] ?? []
    let ratio = ratios.isEmpty ? 1 : ratios.removeFirst()
    drawingRatios[visit.caseIndex] = ratios.isEmpty ? nil : ratios
    estimator.record(visit, drawingRatio: ratio)
  }

  /// What a case is drawn by.
  func score(of index: Int) -> Double { estimator.score(of: index) }

  /// Adapts the estimates to all visits every n / 2 of them, which makes it O(1) a visit.
  ///
  /// - Returns: Whether all scores have changed.
  mutating func refitWhenDue() -> Bool {
    guard estimator.knowsNoise, estimator.visitsSinceRefit >= max(1, estimator.caseCount / 2) else { return false }
    estimator.refit()
    return true
  }

  /// Whether a stored state is one of so many cases, made with these settings.
  func isConsistent(caseCount: Int, options: HardnessEstimator.Options) -> Bool {
    estimator.options == options && estimator.isConsistent(caseCount: caseCount)
      && drawingRatios.values.joined().allSatisfy { $0.isFinite && $0 >= 0 }
  }

  /// The tracker for a changed list of cases. Draws under way are forgotten.
  func remapped(_ previousIndices: [Int?]) -> HardnessTracker {
    var remapped = HardnessTracker(caseCount: previousIndices.count, options: estimator.options)
    remapped.estimator = estimator.remapped(previousIndices)
    return remapped
  }
}

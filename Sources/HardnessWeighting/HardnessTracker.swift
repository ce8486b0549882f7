/// The estimates that a strategy draws by, with what they need to know of its draws: how likely each was.
///
/// Every strategy that follows losses can share it: it records draws and visits, and reads scores.
struct HardnessTracker: Codable, Sendable, Equatable {
  private(set) var estimator: HardnessEstimator
  /// n times the probability of each draw whose visit has not been recorded.
  private var drawingRatios = DrawQueue<Double>()

  init(caseCount: Int, options: HardnessEstimator.Options) {
    estimator = HardnessEstimator(caseCount: caseCount, options: options)
  }

  /// Records that a case was drawn, with n times the probability of that.
  mutating func recordDraw(of index: Int, ratio: Double) { drawingRatios.append(ratio, of: index) }

  /// Records what a drawn case has shown.
  mutating func record(_ visit: Visit) {
    estimator.record(visit, drawingRatio: drawingRatios.removeFirst(of: visit.caseIndex) ?? 1)
  }

  /// Pools the hardness of cases with few visits over their groups, given by the index of each case's group.
  mutating func setGroups(_ groups: [Int]) { estimator.groups = groups }

  /// Takes in another measure of how hard each whole case is, and fits the estimates to it.
  mutating func setScores(_ scores: [Double?]) {
    estimator.scores = scores
    estimator.refit()
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
      && drawingRatios.isConsistent(caseCount: caseCount) { $0.isFinite && $0 >= 0 }
  }

  /// The tracker for a changed list of cases. Draws under way are forgotten.
  func remapped(_ previousIndices: [Int?]) -> HardnessTracker {
    var remapped = HardnessTracker(caseCount: previousIndices.count, options: estimator.options)
    remapped.estimator = estimator.remapped(previousIndices)
    return remapped
  }
}

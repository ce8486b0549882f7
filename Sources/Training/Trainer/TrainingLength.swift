import Plans

/// How many epochs a training has and which patch the next one, by the epochs that are done.
struct TrainingLength {
  private let settings: TrainingSettings
  /// The plan's patch, (z, y, x).
  private let patchSize: [Int]
  /// The patches of a training whose patches grow.
  private let growth: PatchGrowth?

  init(_ plan: Plan) {
    settings = plan.training
    patchSize = plan.configuration.patchSize
    growth =
      settings.schedule == .progressive
      ? PatchGrowth(patch: patchSize, divisors: plan.configuration.network.divisors) : nil
  }

  /// The number of epochs: the plan's or, where the plan has a time, that with which the training ends in time.
  ///
  /// - Parameter finished: The seconds that each finished epoch has taken.
  func epochs(after finished: [Double]) -> Int {
    guard settings.hours != nil else { return settings.epochs }
    guard !finished.isEmpty else { return Int(planned.rounded()) }
    return max(finished.count, Int((Double(finished.count) / share(after: finished)).rounded()))
  }

  /// The most epochs that the training can have.
  var mostEpochs: Int { settings.hours == nil ? settings.epochs : Int((planned * Self.most).rounded(.up)) }

  /// The time that is left, in that of an epoch with a patch: epochs with larger patches count more.
  ///
  /// - Parameters:
  ///   - finished: The seconds that each finished epoch has taken.
  ///   - patch: The patch, (z, y, x).
  func epochsLeft(after finished: [Double], patch: [Int]) -> Double {
    let epochs = epochs(after: finished)
    guard let growth else { return Double(epochs - finished.count) }
    return Double(epochs) * growth.costLeft(at: share(after: finished)) / growth.cost(of: patch)
  }

  /// The patch of the next epoch.
  ///
  /// - Parameter finished: The seconds that each finished epoch has taken.
  func patch(after finished: [Double]) -> [Int] { growth?.patch(at: share(after: finished)) ?? patchSize }

  /// The number of epochs that are planned for the time: with growing patches as many more as they save.
  private var planned: Double { Double(settings.epochs) / (growth?.cost ?? 1) }

  /// The share of the epochs that are done. It never falls: neither do patches.
  ///
  /// In a plan with a time it is by the clock, but no less than with one and a half times the planned epochs, and no
  /// more than with half of them.
  private func share(after finished: [Double]) -> Double {
    let count = Double(finished.count)
    guard let hours = settings.hours else { return count / Double(settings.epochs) }
    let time = finished.reduce(0, +) / (hours * 3600)
    let fitting = growth?.share(ofTime: time) ?? time
    return min(max(fitting, count / planned / Self.most), count / planned * 2)
  }

  /// How many times the planned epochs a training on a fast machine may have.
  private static let most = 1.5
}

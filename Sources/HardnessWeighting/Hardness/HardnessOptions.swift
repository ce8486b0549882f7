/// What a hardness weighted sampler can be asked for. The defaults are the paper's method with visits made explicit: softmax(β · last loss),
/// drawn with replacement, no floor, no cap, unseen cases first.
public struct HardnessOptions: Codable, Sendable, Equatable {
  /// What a case not seen yet counts as.
  public enum FirstVisits: Codable, Sendable, Equatable {
    /// Unseen cases come before all others, in seeded random order, whatever their first losses will be.
    case explicit
    /// The published way: every case starts with this loss plus normal noise, whose standard deviation is a share of it (published:
    /// 2 and 0.001). It makes a first sweep only as long as it exceeds every loss that occurs; see `lossesAboveInitial`.
    case initialLoss(Double, noise: Double)
  }

  /// How a case's hardness follows from the losses of its visits. A loss is that of one augmented patch, so the last one alone is noisy.
  public enum Memory: Codable, Sendable, Equatable {
    /// A share of the old value, in [0, 1), stays when a new loss comes in; 0 keeps the last loss alone, as published.
    case momentum(Double)
    /// The exponential running mean with this decay in (0, 1), corrected for its start as in Adam: after the t-th visit the new loss counts
    /// (1 − decay) / (1 − decay^t). So the first losses are averaged evenly. Takes 4 bytes a case.
    case runningMean(decay: Double)
  }

  /// What keeps easy cases from being forgotten.
  public enum Floor: Codable, Sendable, Equatable {
    /// Nothing, as in the paper.
    case none
    /// No probability falls under this share of 1/n, before all are scaled to sum to 1; the published code has 1e-4.
    case minimum(Double)
    /// This share of the draws is uniform, in [0, 1].
    case uniformShare(Double)
  }

  /// Whether losses are multiplied by importance weights in training; see `HardnessWeightedSampler.importanceWeights`.
  public enum Importance: String, Codable, Sendable, CaseIterable {
    /// No.
    case none
    /// As they are, clipped to [0.1, 10].
    case raw
    /// Clipped, then divided by their mean over the batch, so that the learning rate does not drift.
    case normalized
  }

  public var beta: Beta
  /// β rises linearly from 0 over this many epochs; one that is calibrated does so with an effective sample size that falls linearly from
  /// the number of cases.
  public var rampEpochs = 0
  public var memory = Memory.momentum(0)
  public var floor = Floor.none
  /// The largest share of the draws a case may have by its hardness, from 1/n to 1; what is cut off goes to the others in proportion.
  /// It bounds what a wrong label can do. A draw takes O(log n / cap).
  public var cap: Double?
  /// The share of the draws, in [0, 1], that goes to the case not drawn for longest: no stale loss gets too old. Takes 8 bytes a case.
  public var refresh = 0.0
  /// Whether a batch may hold a case more than once. Without replacement the places of a batch are drawn one after the other, each from the
  /// cases that are left; so no case has more than one place in a batch, whatever β.
  public var replacement = true
  public var firstVisits = FirstVisits.explicit
  public var importance = Importance.none

  public init(beta: Beta) { self.beta = beta }

  /// The settings of the published code: constant initial loss, floor, and drawing without replacement.
  public static func published(beta: Double = 100) -> HardnessOptions {
    var options = HardnessOptions(beta: .fixed(beta))
    options.floor = .minimum(1e-4)
    options.replacement = false
    options.firstVisits = .initialLoss(2, noise: 0.001)
    return options
  }

  /// - Throws: `SamplerError.setting` for the first that is outside its range.
  public func validate(caseCount: Int) throws {
    func check(_ name: String, _ value: Double, _ isRight: Bool, _ expected: String) throws {
      guard isRight else { throw SamplerError.setting(name, value, expected: expected) }
    }
    try beta.validate()
    try check("the ramp's number of epochs", Double(rampEpochs), rampEpochs >= 0, "0 or more")
    switch memory {
    case .momentum(let share):
      try check("the momentum", share, share >= 0 && share < 1, "at least 0 and less than 1")
    case .runningMean(let decay):
      try check("the running mean's decay", decay, decay > 0 && decay < 1, "between 0 and 1")
    }
    switch floor {
    case .none: break
    case .minimum(let least): try check("the floor", least, least >= 0 && least <= 1, "between 0 and 1")
    case .uniformShare(let share):
      try check("the uniform share", share, share >= 0 && share <= 1, "between 0 and 1")
    }
    if let cap {
      try check("the cap", cap, cap * Double(caseCount) >= 1 && cap <= 1, "from 1/n (n = \(caseCount) cases) to 1")
    }
    try check("the refreshed share", refresh, refresh >= 0 && refresh <= 1, "between 0 and 1")
    if case .initialLoss(let loss, let noise) = firstVisits {
      try check("the initial loss", loss, loss.isFinite, "finite")
      try check("the initial noise", noise, noise.isFinite && noise >= 0, "0 or more")
    }
  }
}

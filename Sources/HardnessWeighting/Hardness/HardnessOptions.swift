/// The settings of a hardness-weighted sampler.
///
/// The defaults are the paper's method with an explicit first sweep: softmax(β · last loss), drawn with
/// replacement, without floor or cap, unvisited cases first. <doc:WhatOptionsCost> lists time and memory.
public struct HardnessOptions: Codable, Sendable, Equatable {
  /// How the sampler treats cases whose loss is not known yet.
  public enum FirstVisits: Codable, Sendable, Equatable {
    /// Unvisited cases come before all others, in seeded random order, however large the losses are.
    case explicit

    /// Every case starts with a constant loss plus noise, as in the published code.
    ///
    /// The initial loss of a case is normally distributed with mean c, the first value, and standard deviation
    /// noise · |c|; the published values are 2 and 0.001. Every case is visited before any is repeated only while
    /// c exceeds every loss that occurs; see ``HardnessWeightedSampler/lossesAboveInitial``.
    case initialLoss(Double, noise: Double)
  }

  /// How the hardness of a case follows from the losses of its visits.
  ///
  /// Each loss is that of one augmented patch, so the last one alone is noisy.
  public enum Memory: Codable, Sendable, Equatable {
    /// Blends each new loss with the old value: `loss ← m · loss + (1 − m) · new`, with m in [0, 1).
    ///
    /// m = 0 keeps only the last loss, as published.
    case momentum(Double)

    /// The exponential running mean with a decay d in (0, 1), corrected for its start as in Adam.
    ///
    /// At the t-th visit of a case
    ///
    ///     loss ← loss + (1 − d) / (1 − d^t) · (new − loss)
    ///
    /// so that the first losses are averaged evenly. Takes 4 bytes per case.
    case runningMean(decay: Double)

    /// An estimate of how hard a case is now, relative to the others, with what is not known about it; see
    /// ``HardnessEstimator``. β then follows the share of the spread that is signal. It has no importance weights.
    case estimate(HardnessEstimator.Options)
  }

  /// What keeps easy cases from never being drawn.
  ///
  /// In the formulas, p is the softmax with its cap, and n is the number of cases.
  public enum Floor: Codable, Sendable, Equatable {
    /// No floor, as in the paper.
    case none

    /// A lower bound f / n on each probability, before they are normalized: `p_i ∝ max(p_i, f / n)`.
    ///
    /// f lies in [0, 1]; the published code uses 1e-4.
    case minimum(Double)

    /// A share u of the draws that is uniform: `p_i ← (1 − u) · p_i + u / n`, with u in [0, 1].
    case uniformShare(Double)
  }

  /// The shares of the draws that groups of cases are guaranteed.
  ///
  /// The shares f_g sum to at most 1; what they leave is drawn by hardness from all cases:
  ///
  ///     p_i = (1 − Σ_g f_g) · p_i by hardness + f_g · softmax(β · loss) within the group of case i
  ///
  /// A group's own hardness can so raise its share above f_g. Shares that sum to 1 fix the share of every group.
  public enum GroupShare: Codable, Sendable, Equatable {
    /// The same share for every group.
    case each(Double)
    /// A share for some of the groups, by name.
    case named([String: Double])
  }

  /// Which importance weights ``HardnessWeightedSampler/record(losses:for:)`` returns.
  ///
  /// ``HardnessWeightedSampler/importanceWeights(losses:for:clippedTo:)`` defines the weights.
  public enum Importance: String, Codable, Sendable, CaseIterable {
    /// A weight of 1 for every case.
    case none
    /// The weights, clipped to [0.1, 10].
    case raw
    /// The clipped weights divided by their mean over the batch, so that the learning rate does not drift.
    case normalized
    /// The published weights: the growth g of the softmax weight alone, clipped to [0.1, 10], however the batch was
    /// drawn.
    case published
  }

  /// The strength of the weighting.
  public var beta: Beta

  /// The number of epochs over which the weighting rises from uniform sampling to its full strength.
  ///
  /// A fixed β rises linearly from 0. With ``Beta/effectiveSampleSize(_:)``, the effective sample size falls
  /// linearly from the number of cases.
  public var rampEpochs = 0

  /// How the hardness of a case follows from its losses.
  public var memory = Memory.momentum(0)

  /// What keeps easy cases from never being drawn.
  public var floor = Floor.none

  /// The largest probability a case may have, from 1/n to 1 for n cases; `nil` for no limit.
  ///
  /// The excess goes to the other cases in proportion to their probabilities. A cap limits the influence of a
  /// wrong label. It holds for the sum of hardness and uniform share; refreshes are not counted.
  /// A draw takes O(log n / cap).
  public var cap: Double?

  /// The share of the draws, in [0, 1], that goes to the case that has not been drawn for longest.
  ///
  /// It limits the age of the losses. Takes 8 bytes per case.
  public var refresh = 0.0

  /// The shares of the draws that groups of cases are guaranteed; `nil` for none. Takes about 20 bytes per case.
  public var groupShare: GroupShare?

  /// Whether a batch may contain a case more than once.
  ///
  /// Without replacement, the cases of a batch are drawn one after another, each from those that are left. No
  /// case then fills more than one position of a batch, whatever β is.
  public var replacement = true

  /// How the sampler treats cases whose loss is not known yet.
  public var firstVisits = FirstVisits.explicit

  /// Which importance weights the sampler returns for the recorded losses.
  public var importance = Importance.none

  /// Creates options with the given β and the defaults for everything else.
  public init(beta: Beta) { self.beta = beta }

  /// The settings of the published code: a constant initial loss, a floor, and drawing without replacement.
  ///
  /// With ``Importance-swift.enum/published`` importance weights added, they are those of its second trainer.
  /// <doc:ThePublishedCode> lists the differences that remain.
  public static func published(beta: Double = 100) -> HardnessOptions {
    var options = HardnessOptions(beta: .fixed(beta))
    options.floor = .minimum(1e-4)
    options.replacement = false
    options.firstVisits = .initialLoss(2, noise: 0.001)
    return options
  }

  /// The recommended settings: an effective sample size of 30 % of the cases, followed as far as the hardness of the
  /// cases is known, and 5 % of the draws for the case not drawn for longest.
  public static func estimating() -> HardnessOptions {
    var options = HardnessOptions(beta: .effectiveSampleSize(0.3))
    options.memory = .estimate(HardnessEstimator.Options())
    options.refresh = 0.05
    return options
  }

  /// Whether the settings need the group of every case.
  public var needsGroups: Bool {
    if case .estimate(let estimate) = memory, estimate.poolsGroups { return true }
    return groupShare != nil
  }

  /// Checks that every setting is in its range for the given number of cases.
  ///
  /// - Throws: ``SamplerError/setting(_:_:expected:)`` for the first setting that is out of range.
  public func validate(caseCount: Int) throws {
    func check(_ name: String, _ value: Double, _ isValid: Bool, _ expected: String) throws {
      guard isValid else { throw SamplerError.setting(name, value, expected: expected) }
    }
    try beta.validate()
    try check("the ramp's number of epochs", Double(rampEpochs), rampEpochs >= 0, "0 or more")
    switch memory {
    case .momentum(let momentum):
      try check("the momentum", momentum, momentum >= 0 && momentum < 1, "at least 0 and less than 1")
    case .runningMean(let decay):
      try check("the running mean's decay", decay, decay > 0 && decay < 1, "between 0 and 1")
    case .estimate(let estimate):
      try estimate.validate()
      try check("the importance weights", 1, importance == .none, "none where hardness is estimated")
      if case .initialLoss(let loss, _) = firstVisits {
        throw SamplerError.setting("the initial loss", loss, expected: "left out where hardness is estimated")
      }
    }
    switch floor {
    case .none: break
    case .minimum(let minimum): try check("the floor", minimum, minimum >= 0 && minimum <= 1, "between 0 and 1")
    case .uniformShare(let share):
      try check("the uniform share", share, share >= 0 && share <= 1, "between 0 and 1")
    }
    if let cap {
      try check("the cap", cap, cap * Double(caseCount) >= 1 && cap <= 1, "from 1/n (n = \(caseCount) cases) to 1")
    }
    if groupShare != nil {
      try check("the importance weights", 1, importance == .none, "none where groups are guaranteed a share")
    }
    try check("the refreshed share", refresh, refresh >= 0 && refresh <= 1, "between 0 and 1")
    if case .initialLoss(let loss, let noise) = firstVisits {
      try check("the initial loss", loss, loss.isFinite, "finite")
      try check("the initial noise", noise, noise.isFinite && noise >= 0, "0 or more")
    }
  }
}

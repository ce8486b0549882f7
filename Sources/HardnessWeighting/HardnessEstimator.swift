/// Estimates how hard each case is now, from the noisy signals of its visits.
///
/// One visit shows one augmented patch. Three things beside the case move its signal: the training goes on, patches of
/// different kinds differ, and patches of one kind differ by chance. The estimator removes them one after the other.
///
/// 1. **Deviation.** From each signal it subtracts what a typical case has at that time for that kind of patch: a
///    running mean over visits, weighted by 1 / (n p) because hard cases are drawn more often.
/// 2. **Scale.** It divides the deviation by what is typical at that time. Deviations are large while the training is
///    steep, and small later.
/// 3. **Memory.** A running mean of a case's deviations, with an even mean over the first visits. When two deviations
///    of a case leave its mean by more than chance allows, the mean begins anew, so that a change is followed.
/// 4. **Shrinkage.** The variance between cases τ² follows from the spread of the means and their standard errors sᵢ
///    (Paule and Mandel, 1982). The estimate is the mean shrunk towards that of all cases:
///    μ + τ² / (τ² + sᵢ²) · (meanᵢ − μ), the empirical Bayes estimate for normal deviations. Where the score of a
///    case by another measure, or its group, has predicted the means so far, μ is moved accordingly for each case.
///
/// Recording a visit takes O(1). `refit` takes O(n); call it once in a while, for example every n / 2 visits. The
/// estimator takes 28 bytes per case.
public struct HardnessEstimator: Codable, Sendable, Equatable {
  /// The settings of an estimator.
  public struct Options: Codable, Sendable, Equatable {
    /// The decay of a case's running mean, in (0, 1): about 1 / (1 − decay) visits are remembered.
    public var decay = 0.95

    /// The number of visits over which the baseline of a kind of patch is averaged.
    public var baselineVisits = 60.0

    /// The number of standard errors added to an estimate when cases are drawn by it. Above 0, a case of which little
    /// is known is visited rather than forgotten.
    public var optimism = 1.0

    /// How many standard deviations the recent deviations of a case must leave its mean for the mean to begin anew.
    public var changeThreshold = 3.5

    /// Whether the hardness of cases with few visits is pooled over their groups.
    public var poolsGroups = false

    /// Creates the default settings.
    public init() {}

    /// Decodes settings; those of earlier versions do not pool over groups.
    public init(from decoder: any Decoder) throws {
      let values = try decoder.container(keyedBy: CodingKeys.self)
      decay = try values.decode(Double.self, forKey: .decay)
      baselineVisits = try values.decode(Double.self, forKey: .baselineVisits)
      optimism = try values.decode(Double.self, forKey: .optimism)
      changeThreshold = try values.decode(Double.self, forKey: .changeThreshold)
      poolsGroups = try values.decodeIfPresent(Bool.self, forKey: .poolsGroups) ?? false
    }

    /// Checks that every setting is in its range.
    ///
    /// - Throws: ``SamplerError/setting(_:_:expected:)`` when one is not.
    func validate() throws {
      func check(_ name: String, _ value: Double, _ isRight: Bool, _ expected: String) throws {
        guard isRight else { throw SamplerError.setting(name, value, expected: expected) }
      }
      try check("the estimate's decay", decay, decay > 0 && decay < 1, "between 0 and 1")
      try check(
        "the baseline's number of visits", baselineVisits, baselineVisits >= 1 && baselineVisits.isFinite, "1 or more")
      try check("the optimism", optimism, optimism >= 0 && optimism.isFinite, "0 or more")
      try check("the change threshold", changeThreshold, changeThreshold > 0, "above 0")
    }
  }

  /// What is known about the hardness of a case, relative to a typical case.
  public struct Estimate: Sendable, Equatable {
    /// The shrunk estimate.
    public let mean: Double

    /// Its posterior standard deviation.
    public let standardError: Double
  }

  /// The settings, which stay the same for the life of the estimator.
  public let options: Options

  /// The number of visits of each case since its mean began.
  private var visits: [UInt32]
  /// The running mean of each case's deviations, in units of what was typical at the time.
  private var means: [Double]
  /// The sum of the squared weights of the mean: its variance is this times that of a deviation.
  private var meanVariances: [Float]
  /// Decaying sums of squared residuals of each case, and of their weights.
  private var squares, squareWeights: [Float]
  /// A decaying sum of each case's standardized residuals.
  private var surprises: [Float]
  private var baselines: [Int: Baseline] = [:]
  /// The same sums over all cases.
  private var pooledSquares = 0.0
  private var pooledWeight = 0.0
  /// Decaying sums of squared deviations over all cases, and of their weights: the typical variance at present.
  private var deviationSquares = 0.0
  private var deviationWeight = 0.0

  /// The typical deviation at the last refit, in the unit of the signal. Estimates are in multiples of it inside.
  private var scale = 1.0

  /// Mean and variance over cases at the last refit, in multiples of the scale.
  private var standardCenter = 0.0
  private var standardVariance = 0.0

  /// The mean μ over cases at the last refit.
  public var center: Double { scale * standardCenter }

  /// The variance τ² between cases at the last refit.
  public var betweenVariance: Double { scale * scale * standardVariance }

  /// The share of the spread of the means that is signal and not noise, at the last refit: τ² / (τ² + mean sᵢ²).
  public private(set) var signalShare = 0.0

  /// The score of each case by another measure, `nil` where it is not known; `nil` without scores.
  public internal(set) var scores: [Double?]?

  /// The index of each case's group, where hardness is pooled over groups.
  var groups: [Int]?

  /// How far score and group moved the expectation for each case at the last refit; `nil` without either.
  private var offsets: [Double]?

  /// The number of visits recorded since the last refit.
  public private(set) var visitsSinceRefit = 0

  /// A running mean of the signals of one kind of patch.
  private struct Baseline: Codable, Sendable, Equatable {
    var sum = 0.0
    var weight = 0.0
  }

  /// The weight of a case's own variance against the pooled one, in visits.
  private static let pooledVisits: Float = 4
  /// How slowly variances follow.
  private static let caseDecay: Float = 0.95
  private static let pooledDecay = 0.99
  /// How slowly the typical variance of deviations follows.
  private static let deviationDecay = 0.97
  /// How slowly surprise is forgotten; the sum's variance is then 1 / (1 − 0.5²) = 4/3.
  private static let surpriseDecay: Float = 0.5
  /// The largest weight of one surprise, in standard deviations.
  private static let largestSurprise = 3.0
  /// The largest weight of a visit in baselines and pooled variance.
  private static let maximumWeight = 10.0

  /// Creates an estimator for cases none of which has been visited.
  public init(caseCount: Int, options: Options = Options()) {
    self.options = options
    visits = Array(repeating: 0, count: caseCount)
    means = Array(repeating: 0, count: caseCount)
    meanVariances = Array(repeating: 1, count: caseCount)
    squares = Array(repeating: 0, count: caseCount)
    (squareWeights, surprises) = (squares, squares)
  }

  /// The number of cases.
  public var caseCount: Int { visits.count }

  /// Records a visit.
  ///
  /// - Parameters:
  ///   - visit: The case, its signal and the kind of patch.
  ///   - drawingRatio: The probability p with which the case was drawn, times the number of cases: 1 for uniform draws.
  public mutating func record(_ visit: Visit, drawingRatio: Double = 1) {
    let weight = min(Self.maximumWeight, 1 / max(drawingRatio, 1e-3))
    let index = visit.caseIndex
    guard let deviation = standardized(visit.signal - baseline(of: visit, weight: weight), weight: weight) else {
      return
    }
    visitsSinceRefit += 1
    guard visits[index] > 0 else { return begin(index, with: deviation) }
    let residual = deviation - means[index]
    guard !hasChanged(index, residual) else { return begin(index, with: deviation) }
    // Of heavy tails, and of a change under way, three standard deviations count.
    let largest = pooledWeight > 10 ? 9 * variance(of: index) : .infinity
    let square = min(largest, residual * residual / (1 + Double(meanVariances[index])))
    squares[index] = Self.caseDecay * squares[index] + Float(square)
    squareWeights[index] = Self.caseDecay * squareWeights[index] + 1
    pooledSquares = Self.pooledDecay * pooledSquares + weight * square
    pooledWeight = Self.pooledDecay * pooledWeight + weight
    // The t-th visit has the weight (1 − d) / (1 − d^t): the first ones are averaged evenly, as in Adam.
    let gain = (1 - options.decay) / (1 - power(options.decay, Double(visits[index]) + 1))
    means[index] += gain * residual
    meanVariances[index] = Float((1 - gain) * (1 - gain)) * meanVariances[index] + Float(gain * gain)
    visits[index] &+= 1
  }

  /// Begins the mean of a case with one deviation. What is known about its noise stays.
  private mutating func begin(_ index: Int, with deviation: Double) {
    means[index] = deviation
    meanVariances[index] = 1
    visits[index] = 1
    surprises[index] = 0
  }

  /// A deviation in units of what is typical at present, so that the steep first steps of a training, where
  /// deviations are large and say little, do not outweigh what comes later. `nil` while nothing is typical yet.
  private mutating func standardized(_ deviation: Double, weight: Double) -> Double? {
    // As for the noise, three standard deviations of a single visit count.
    let largest = deviationWeight > 10 ? 9 * deviationSquares / deviationWeight : .infinity
    deviationSquares = Self.deviationDecay * deviationSquares + weight * min(largest, deviation * deviation)
    deviationWeight = Self.deviationDecay * deviationWeight + weight
    let typical = (deviationSquares / deviationWeight).squareRoot()
    return typical > 0 ? deviation / typical : nil
  }

  /// What a typical case has for this kind of patch at present; takes the visit in.
  private mutating func baseline(of visit: Visit, weight: Double) -> Double {
    var baseline = baselines[visit.kind] ?? Baseline()
    defer {
      let kept = power(1 - 1 / options.baselineVisits, weight)
      baseline.sum = kept * baseline.sum + (1 - kept) * visit.signal
      baseline.weight = kept * baseline.weight + (1 - kept)
      baselines[visit.kind] = baseline
    }
    return baseline.weight > 0 ? baseline.sum / baseline.weight : visit.signal
  }

  /// Whether the recent residuals of a case are larger than chance allows, so that its mean must begin anew.
  private mutating func hasChanged(_ index: Int, _ residual: Double) -> Bool {
    let error = (variance(of: index) * (1 + Double(meanVariances[index]))).squareRoot()
    let surprise = error > 0 ? residual / error : 0
    // Clipped, so that it takes two surprising visits: one alone may just be a noisy patch.
    let clipped = max(-Self.largestSurprise, min(Self.largestSurprise, surprise))
    surprises[index] = Self.surpriseDecay * surprises[index] + Float(clipped)
    let deviation = (1 / (1 - Self.surpriseDecay * Self.surpriseDecay)).squareRoot()
    return visits[index] > 3 && abs(surprises[index]) > Float(options.changeThreshold) * deviation
  }

  /// The variance of a case's standardized deviations, shrunk towards that of all cases.
  private func variance(of index: Int) -> Double {
    let pooled = pooledWeight > 0 ? pooledSquares / pooledWeight : 0
    let own = Double(squares[index])
    return (Double(Self.pooledVisits) * pooled + own) / Double(Self.pooledVisits + squareWeights[index])
  }

  /// The squared standard error of a case's standardized mean.
  private func squaredError(of index: Int) -> Double { variance(of: index) * Double(meanVariances[index]) }

  /// What is known about a case; that of a typical case when it has not been visited, or before the first refit.
  public func estimate(of index: Int) -> Estimate {
    let prior = standardPrior(of: index)
    guard visits[index] > 0, standardVariance > 0 else {
      return Estimate(mean: scale * prior, standardError: scale * standardVariance.squareRoot())
    }
    let error = squaredError(of: index)
    let share = standardVariance / (standardVariance + error)
    return Estimate(
      mean: scale * (prior + share * (means[index] - prior)), standardError: scale * (share * error).squareRoot())
  }

  /// What is expected of a case before its own visits are counted: the mean over cases, moved by its score and group.
  func prior(of index: Int) -> Double { scale * standardPrior(of: index) }

  /// The prior in multiples of the scale.
  private func standardPrior(of index: Int) -> Double { standardCenter + (offsets?[index] ?? 0) }

  /// What a case is drawn by: its estimate plus `optimism` standard errors.
  func score(of index: Int) -> Double {
    let estimate = estimate(of: index)
    return estimate.mean + options.optimism * estimate.standardError
  }

  /// Whether visits have been repeated, so that noise can be told from signal.
  var knowsNoise: Bool { pooledWeight > 0 }

  /// Adapts mean and variance over cases to the visits recorded so far; takes O(n).
  public mutating func refit() {
    visitsSinceRefit = 0
    let seen = visits.indices.filter { visits[$0] > 0 }
    guard seen.count > 1, knowsNoise else { return }
    scale = (deviationSquares / deviationWeight).squareRoot()
    let errors = seen.map { squaredError(of: $0) }
    offsets = priorOffsets(seen, errors)
    let observed = seen.map { means[$0] - (offsets?[$0] ?? 0) }
    guard let fit = RandomEffects(means: observed, squaredErrors: errors, start: standardVariance) else { return }
    (standardCenter, standardVariance) = (fit.center, fit.variance)
    let meanError = errors.reduce(0, +) / Double(errors.count)
    let signal = fit.variance + (offsets ?? []).reduce(0) { $0 + $1 * $1 } / Double(caseCount)
    signalShare = signal + meanError > 0 ? signal / (signal + meanError) : 0
  }

  /// How far scores and groups move the expectation for each case; `nil` when there are neither.
  private func priorOffsets(_ seen: [Int], _ errors: [Double]) -> [Double]? {
    guard scores != nil || groups != nil else { return nil }
    var weights = Array(repeating: 0.0, count: caseCount)
    for (index, error) in zip(seen, errors) { weights[index] = 1 / (standardVariance + error + .leastNormalMagnitude) }
    var prior = PriorMeans(means: means, weights: weights)
    if let scores { prior.follow(scores: scores) }
    if let groups { prior.follow(groups: groups) }
    return prior.offsets
  }
}

extension HardnessEstimator {
  /// Whether a stored state is one of so many cases, with numbers that can occur.
  func isConsistent(caseCount: Int) -> Bool {
    let counts = [
      visits.count, means.count, meanVariances.count, squares.count, squareWeights.count, surprises.count,
    ]
    let others = [scores?.count, groups?.count, offsets?.count]
    return counts.allSatisfy { $0 == caseCount } && others.allSatisfy { $0 == nil || $0 == caseCount }
      && (scores ?? []).allSatisfy { $0?.isFinite ?? true } && (offsets ?? []).allSatisfy(\.isFinite)
      && (groups ?? []).allSatisfy { 0...caseCount ~= $0 } && means.allSatisfy(\.isFinite)
      && meanVariances.allSatisfy { $0.isFinite && $0 >= 0 } && squares.allSatisfy { $0.isFinite && $0 >= 0 }
      && squareWeights.allSatisfy { $0.isFinite && $0 >= 0 } && surprises.allSatisfy(\.isFinite)
      && baselines.values.allSatisfy { $0.sum.isFinite && $0.weight >= 0 }
      && LossHistory.counts.contains(visitsSinceRefit)
      && [
        scale, standardCenter, standardVariance, signalShare, pooledSquares, pooledWeight, deviationSquares,
        deviationWeight,
      ]
      .allSatisfy(\.isFinite)
  }

  /// The estimator for a changed list of cases; new ones have not been visited.
  func remapped(_ previousIndices: [Int?]) -> HardnessEstimator {
    var remapped = HardnessEstimator(caseCount: previousIndices.count, options: options)
    for (index, previous) in previousIndices.enumerated() {
      guard let previous else { continue }
      remapped.visits[index] = visits[previous]
      remapped.means[index] = means[previous]
      remapped.meanVariances[index] = meanVariances[previous]
      remapped.squares[index] = squares[previous]
      remapped.squareWeights[index] = squareWeights[previous]
      remapped.surprises[index] = surprises[previous]
    }
    // A group of their own for new cases, whose group is unknown.
    let unknown = ((groups ?? []).max() ?? -1) + 1
    remapped.groups = groups.map { groups in previousIndices.map { $0.map { groups[$0] } ?? unknown } }
    remapped.scores = scores.map { scores in previousIndices.map { $0.flatMap { scores[$0] } } }
    remapped.offsets = offsets.map { offsets in previousIndices.map { $0.map { offsets[$0] } ?? 0 } }
    remapped.baselines = baselines
    (remapped.deviationSquares, remapped.deviationWeight) = (deviationSquares, deviationWeight)
    (remapped.pooledSquares, remapped.pooledWeight) = (pooledSquares, pooledWeight)
    (remapped.standardCenter, remapped.standardVariance, remapped.signalShare) = (
      standardCenter, standardVariance, signalShare
    )
    remapped.scale = scale
    return remapped
  }
}

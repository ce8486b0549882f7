/// Estimates how hard each case is now, from the noisy signals of its visits.
///
/// One visit shows one augmented patch. Three things beside the case move its signal: the training goes on, patches of
/// different kinds differ, and patches of one kind differ by chance. The estimator takes them off one after the other.
///
/// 1. **Deviation.** From each signal it subtracts what a typical case has at that time for that kind of patch: a
///    running mean over visits, weighted by 1 / (n p) because hard cases are drawn more often.
/// 2. **Memory.** A running mean of a case's deviations, with an even mean over the first visits. When the deviations
///    of a case leave its mean by more than chance allows, the mean begins anew, so that a change is followed.
/// 3. **Shrinkage.** The variance between cases τ² follows from the spread of the means and their standard errors sᵢ
///    (Paule and Mandel, 1982). The estimate is the mean shrunk towards that of all cases:
///    μ + τ² / (τ² + sᵢ²) · (meanᵢ − μ), the empirical Bayes estimate for normal deviations.
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

    /// Creates the default settings.
    public init() {}

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
  /// The running mean of each case's deviations.
  private var means: [Double]
  /// The sum of the squared weights of the mean: its variance is this times that of a deviation.
  private var meanVariances: [Float]
  /// Decaying sums of squared residuals of each case, and of their weights.
  private var squares, squareWeights: [Float]
  /// A decaying sum of each case's standardized residuals.
  private var surprises: [Float]
  private var baselines: [Int: Baseline] = [:]
  /// Decaying sums of squared residuals over all cases, and of their weights.
  private var pooledSquares = 0.0
  private var pooledWeight = 0.0

  /// The mean μ over cases at the last refit.
  public private(set) var center = 0.0

  /// The variance τ² between cases at the last refit.
  public private(set) var betweenVariance = 0.0

  /// The share of the spread of the means that is signal and not noise, at the last refit: τ² / (τ² + mean sᵢ²).
  public private(set) var signalShare = 0.0

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
  /// How slowly surprise is forgotten; the sum's variance is then 1 / (1 − 0.5²) = 4/3.
  private static let surpriseDecay: Float = 0.5
  /// The largest weight of a visit in baselines and pooled variance.
  private static let maximumWeight = 10.0

  /// Creates an estimator for cases none of which has been visited.
  public init(caseCount: Int, options: Options = Options()) {
    self.options = options
    visits = Array(repeating: 0, count: caseCount)
    means = Array(repeating: 0, count: caseCount)
    meanVariances = Array(repeating: 1, count: caseCount)
    squares = Array(repeating: 0, count: caseCount)
    squareWeights = squares
    surprises = squares
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
    let deviation = visit.signal - baseline(of: visit, weight: weight)
    let index = visit.caseIndex
    visitsSinceRefit += 1
    guard visits[index] > 0 else {
      means[index] = deviation
      visits[index] = 1
      return
    }
    let residual = deviation - means[index]
    restartIfChanged(index, residual)
    let square = residual * residual / (1 + Double(meanVariances[index]))
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

  /// Lets a case's mean begin anew when its residuals are larger than chance allows.
  private mutating func restartIfChanged(_ index: Int, _ residual: Double) {
    let variance = variance(of: index) * (1 + Double(meanVariances[index]))
    let surprise = variance > 0 ? residual / variance.squareRoot() : 0
    surprises[index] = Self.surpriseDecay * surprises[index] + Float(max(-1e6, min(1e6, surprise)))
    let deviation = (1 / (1 - Self.surpriseDecay * Self.surpriseDecay)).squareRoot()
    guard visits[index] > 3, abs(surprises[index]) > Float(options.changeThreshold) * deviation else { return }
    visits[index] = 1
    meanVariances[index] = 1
    surprises[index] = 0
  }

  /// The variance of a case's deviations, shrunk towards that of all cases.
  private func variance(of index: Int) -> Double {
    let pooled = pooledWeight > 0 ? pooledSquares / pooledWeight : 0
    let own = Double(squares[index])
    return (Double(Self.pooledVisits) * pooled + own) / Double(Self.pooledVisits + squareWeights[index])
  }

  /// The squared standard error of a case's mean.
  private func squaredError(of index: Int) -> Double { variance(of: index) * Double(meanVariances[index]) }

  /// What is known about a case; that of a typical case when it has not been visited, or before the first refit.
  public func estimate(of index: Int) -> Estimate {
    let error = squaredError(of: index)
    guard visits[index] > 0, betweenVariance > 0 else {
      return Estimate(mean: center, standardError: betweenVariance.squareRoot())
    }
    let share = betweenVariance / (betweenVariance + error)
    return Estimate(mean: center + share * (means[index] - center), standardError: (share * error).squareRoot())
  }

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
    let errors = seen.map { squaredError(of: $0) }
    let meanError = errors.reduce(0, +) / Double(errors.count)
    // At τ², the standardized squared distances from μ sum to their expectation, the number of cases less one.
    var variance = betweenVariance
    for _ in 0..<30 {
      var (weights, sum) = (0.0, 0.0)
      for (index, error) in zip(seen, errors) {
        let weight = 1 / (variance + error + .leastNormalMagnitude)
        weights += weight
        sum += weight * means[index]
      }
      center = sum / weights
      var (distance, slope) = (0.0, 0.0)
      for (index, error) in zip(seen, errors) {
        let weight = 1 / (variance + error + .leastNormalMagnitude)
        let square = (means[index] - center) * (means[index] - center)
        distance += weight * square
        slope += weight * weight * square
      }
      guard slope > 0, distance.isFinite, slope.isFinite else { break }
      let step = (distance - Double(seen.count - 1)) / slope
      let next = max(0, variance + step)
      let isDone = abs(next - variance) <= 1e-6 * (next + meanError)
      variance = next
      if isDone { break }
    }
    betweenVariance = variance
    let total = variance + meanError
    signalShare = total > 0 ? variance / total : 0
  }
}

extension HardnessEstimator {
  /// Whether a stored state is one of so many cases, with numbers that can occur.
  func isConsistent(caseCount: Int) -> Bool {
    let counts = [
      visits.count, means.count, meanVariances.count, squares.count, squareWeights.count, surprises.count,
    ]
    return counts.allSatisfy { $0 == caseCount } && means.allSatisfy(\.isFinite)
      && meanVariances.allSatisfy { $0.isFinite && $0 >= 0 } && squares.allSatisfy { $0.isFinite && $0 >= 0 }
      && squareWeights.allSatisfy { $0.isFinite && $0 >= 0 } && surprises.allSatisfy(\.isFinite)
      && baselines.values.allSatisfy { $0.sum.isFinite && $0.weight >= 0 }
      && [center, betweenVariance, signalShare, pooledSquares, pooledWeight].allSatisfy(\.isFinite)
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
    remapped.baselines = baselines
    (remapped.pooledSquares, remapped.pooledWeight) = (pooledSquares, pooledWeight)
    (remapped.center, remapped.betweenVariance, remapped.signalShare) = (center, betweenVariance, signalShare)
    return remapped
  }
}

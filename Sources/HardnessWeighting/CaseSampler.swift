/// A strategy that decides which training cases come next.
///
/// A training loop draws the cases of a batch, trains on them, and records the loss of each. It does not need to
/// know the strategy:
///
/// ```swift
/// let batch = try sampler.draw(batchSize)
/// let losses = train(on: batch)
/// try sampler.record(losses: losses, for: batch)
/// ```
///
/// Cases are numbered `0..<caseCount`. Encoding a sampler stores its whole state, including the random generator: a
/// decoded sampler continues exactly where the encoded one stopped. ``SamplerArchive`` stores it together with the
/// names of the cases.
///
/// A call that throws leaves the sampler unchanged.
public protocol CaseSampler: Codable, Sendable {
  /// The number of cases.
  var caseCount: Int { get }

  /// The probability with which each case would be drawn first in the next batch.
  ///
  /// The probabilities sum to 1. They leave out refreshes; see ``HardnessOptions/refresh``.
  var probabilities: [Double] { get }

  /// The probability with which a case would be drawn first in the next batch, without refreshes.
  ///
  /// Asked right after a draw, it is the probability with which the case was drawn, except for first visits. The
  /// default implementation takes O(n).
  func probability(of index: Int) -> Double

  /// The current β; `nil` for strategies without one.
  var beta: Double? { get }

  /// What is known about the hardness of the cases; `nil` for strategies that do not estimate it.
  var estimator: HardnessEstimator? { get }

  /// A sentence about a problem that the user of the sampler should know of; `nil` when there is none.
  var warning: String? { get }

  /// Draws the cases of the next batch.
  ///
  /// - Parameter count: The size of the batch.
  /// - Throws: ``SamplerError/impossibleBatch(_:caseCount:)`` when `count` is negative, or when it exceeds the
  ///   number of cases and cases are drawn without replacement.
  mutating func draw(_ count: Int) throws -> [Int]

  /// Records the losses of the batch that has just been trained on.
  ///
  /// The default implementation checks the losses and discards them.
  ///
  /// - Parameters:
  ///   - losses: The loss of each case, finite.
  ///   - cases: The cases of the batch, in the same order.
  /// - Returns: The importance weight by which to multiply the loss of each case before the backward pass. All
  ///   weights are 1 unless the strategy was asked for others.
  /// - Throws: ``SamplerError`` when the lengths differ, a case does not exist or a loss is not finite.
  @discardableResult
  mutating func record(losses: [Double], for cases: [Int]) throws -> [Double]

  /// Records what the visits of a batch have shown; see ``Visit``.
  ///
  /// The default implementation takes the signals for losses and passes over the kinds of patches.
  ///
  /// - Parameter visits: The cases of the batch in the order in which they were drawn.
  /// - Returns: The importance weights, as ``record(losses:for:)`` does.
  /// - Throws: ``SamplerError`` when a case does not exist or a signal is not finite.
  @discardableResult
  mutating func record(_ visits: [Visit]) throws -> [Double]

  /// Takes in another measure of how hard each whole case is, such as 1 − Dice of a prediction of it.
  ///
  /// The default implementation passes over it.
  ///
  /// - Parameter scores: The score of each case, `nil` where it is not known. Larger is harder, in any unit.
  /// - Throws: ``SamplerError`` when the number of scores differs, or one is not finite.
  mutating func record(scores: [Double?]) throws

  /// Prepares the sampler for an epoch, so that schedules can follow.
  ///
  /// Loops that have epochs call this before the first draw of each, counting from 0. The default implementation
  /// does nothing.
  mutating func beginEpoch(_ epoch: Int)

  /// The sampler for a changed list of cases, each with the state it had.
  ///
  /// - Parameter previousIndices: For each case of the new list, its index in the old one, or `nil` for a new case.
  /// - Throws: ``SamplerError`` when the list is empty, an index does not exist or occurs twice, or the strategy
  ///   cannot add new cases.
  func remapped(_ previousIndices: [Int?]) throws -> Self
}

extension CaseSampler {
  /// `nil`: the strategy has no β.
  public var beta: Double? { nil }

  /// `nil`: the strategy does not estimate hardness.
  public var estimator: HardnessEstimator? { nil }

  /// The element of ``CaseSampler/probabilities``.
  public func probability(of index: Int) -> Double { probabilities[index] }

  /// Checks the scores and passes over them.
  ///
  /// - Throws: ``SamplerError`` when the number of scores differs, or one is not finite.
  public mutating func record(scores: [Double?]) throws { try check(scores: scores) }

  /// `nil`: there is nothing to warn of.
  public var warning: String? { nil }

  /// Does nothing: the strategy has no schedule.
  public mutating func beginEpoch(_ epoch: Int) {}

  /// Checks the losses and discards them: the strategy does not depend on them.
  ///
  /// - Returns: A weight of 1 for every case.
  /// - Throws: ``SamplerError`` when the lengths differ, a case does not exist or a loss is not finite.
  @discardableResult
  public mutating func record(losses: [Double], for cases: [Int]) throws -> [Double] {
    try check(losses: losses, for: cases)
    return Array(repeating: 1, count: cases.count)
  }

  /// Takes the signals for losses and passes over the kinds of patches.
  ///
  /// - Throws: ``SamplerError`` when a case does not exist or a signal is not finite.
  @discardableResult
  public mutating func record(_ visits: [Visit]) throws -> [Double] {
    try record(losses: visits.map(\.signal), for: visits.map(\.caseIndex))
  }

  /// The number of equally likely cases that the probabilities are worth: 1 / Σ p².
  ///
  /// This is Kish's effective sample size. It lies between 1 and ``caseCount``.
  public var effectiveSampleSize: Double { 1 / probabilities.reduce(0) { $0 + $1 * $1 } }

  /// Throws unless every case exists and has one finite loss.
  func check(losses: [Double], for cases: [Int]) throws {
    guard losses.count == cases.count else {
      throw SamplerError.countsDiffer(losses: losses.count, cases: cases.count)
    }
    for (index, loss) in zip(cases, losses) {
      guard index >= 0, index < caseCount else { throw SamplerError.noSuchCase(index, caseCount: caseCount) }
      guard loss.isFinite else { throw SamplerError.lossNotFinite(loss, case: index) }
    }
  }

  /// Throws unless there is a score for each case, finite where it is known.
  func check(scores: [Double?]) throws {
    guard scores.count == caseCount else { throw SamplerError.countsDiffer(losses: scores.count, cases: caseCount) }
    for (index, score) in scores.enumerated() {
      if let score, !score.isFinite { throw SamplerError.lossNotFinite(score, case: index) }
    }
  }

  /// Throws when there are no cases, or more than 32-bit indices can number.
  static func check(caseCount: Int) throws {
    guard caseCount > 0 else { throw SamplerError.noCases }
    guard caseCount < UInt32.max else {
      throw SamplerError.setting("the number of cases", Double(caseCount), expected: "less than 2^32 - 1")
    }
  }
}

/// Decides which training cases come next.
///
/// A training loop draws the cases of a batch, trains on them, and hands each one's loss back; it need not know which strategy
/// it has. Cases are numbered `0..<caseCount`. The whole state, random generator included, is codable: a decoded sampler
/// goes on exactly where the encoded one stood. To store it with the cases' names, see `SamplerArchive`.
///
/// A call that throws leaves the sampler as it was.
public protocol CaseSampler: Codable, Sendable {
  /// How many cases there are to draw from.
  var caseCount: Int { get }

  /// The probability of each case to be drawn first in the next batch, by the strategy itself: refreshes are left aside.
  var probabilities: [Double] { get }

  /// What β is at present, for strategies that have one.
  var beta: Double? { get }

  /// What somebody who relies on this sampler should know of how it has fared, in a sentence; nil when all is well.
  var warning: String? { get }

  /// Draws the cases of the next batch.
  ///
  /// - Throws: `SamplerError` when `count` is negative, or larger than the number of cases and cases are not drawn twice.
  mutating func draw(_ count: Int) throws -> [Int]

  /// Takes note of the losses that `cases` had in the batch just trained on. By default they are checked and forgotten.
  ///
  /// - Returns: the importance weight that each one's loss should be multiplied by in the backward pass: 1 unless the strategy was asked for
  ///   importance weights.
  /// - Throws: `SamplerError` when the two differ in length, a case does not exist or a loss is not finite.
  @discardableResult
  mutating func record(losses: [Double], for cases: [Int]) throws -> [Double]

  /// To be called before the first draw of an epoch, from 0, by loops that have epochs: schedules follow it.
  mutating func beginEpoch(_ epoch: Int)

  /// The sampler for a changed list of cases, each with the state it had.
  ///
  /// - Parameter previousIndices: for each case of the new list its number in the old one, or nil for a new case.
  /// - Throws: `SamplerError` when the strategy cannot take in new cases.
  func remapped(_ previousIndices: [Int?]) throws -> Self
}

extension CaseSampler {
  public var beta: Double? { nil }
  public var warning: String? { nil }

  public mutating func beginEpoch(_ epoch: Int) {}

  @discardableResult
  public mutating func record(losses: [Double], for cases: [Int]) throws -> [Double] {
    try check(losses: losses, for: cases)
    return Array(repeating: 1, count: cases.count)
  }

  /// How many equally likely cases the probabilities are worth: 1 / Σ p² (Kish's effective sample size), from 1 to `caseCount`.
  public var effectiveSampleSize: Double { 1 / probabilities.reduce(0) { $0 + $1 * $1 } }

  /// Throws unless `cases` exist and have a finite loss each.
  func check(losses: [Double], for cases: [Int]) throws {
    guard losses.count == cases.count else {
      throw SamplerError.countsDiffer(losses: losses.count, cases: cases.count)
    }
    for (index, loss) in zip(cases, losses) {
      guard index >= 0, index < caseCount else { throw SamplerError.noSuchCase(index, caseCount: caseCount) }
      guard loss.isFinite else { throw SamplerError.lossNotFinite(loss, case: index) }
    }
  }

  /// Throws when there are no cases, or more than can be numbered.
  static func check(caseCount: Int) throws {
    guard caseCount > 0 else { throw SamplerError.noCases }
    guard caseCount < UInt32.max else {
      throw SamplerError.setting("the number of cases", Double(caseCount), expected: "less than 2^32 - 1")
    }
  }
}

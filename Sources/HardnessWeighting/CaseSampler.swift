/// Decides which training cases come next.
///
/// A training loop draws the cases of a batch, trains on them, and hands each one's loss back; it need not know which strategy
/// it has. Cases are numbered `0..<caseCount`. The whole state, random generator included, is codable: a decoded sampler
/// goes on exactly where the encoded one stood.
///
/// A call that throws leaves the sampler as it was.
public protocol CaseSampler: Codable, Sendable {
  /// How many cases there are to draw from.
  var caseCount: Int { get }

  /// The probability of each case to be the first of the next batch.
  var probabilities: [Double] { get }

  /// Draws the cases of the next batch.
  ///
  /// - Throws: `SamplerError` when `count` is negative, or larger than the number of cases and cases are not drawn twice.
  mutating func draw(_ count: Int) throws -> [Int]

  /// Takes note of the losses that `cases` had in the batch just trained on.
  ///
  /// - Throws: `SamplerError` when the two differ in length, a case does not exist or a loss is not finite.
  mutating func record(losses: [Double], for cases: [Int]) throws
}

extension CaseSampler {
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
}

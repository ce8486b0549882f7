import Statistics

/// The perturbations of one kind that are allowed at a severity.
///
/// This is a perturbation set in the sense of Wong and Kolter (2020, <https://arxiv.org/abs/2007.08450>): all vectors
/// of bounded parameters. Here the map from vectors to images is a model of the acquisition, and is not learned.
public struct PerturbationSet: Sendable, Equatable {
  /// What is changed.
  public let kind: PerturbationKind
  /// The size of the set, from 0, where images stay as they are, to 1.
  public let severity: Double

  /// Creates the set of a kind at a severity.
  public init(_ kind: PerturbationKind, severity: Double) {
    self.kind = kind
    self.severity = severity
  }

  /// Draws a perturbation at the edge of the set.
  ///
  /// Parameters that say in which direction and how far are scaled until the largest is 1 or -1: a perturbation that
  /// hardly changes anything would say nothing of the severity. The vector does not depend on the severity, so that
  /// the same change grows along a robustness curve.
  ///
  /// - Parameters:
  ///   - seed: The seed of the test.
  ///   - caseName: The name of the case.
  ///   - attempt: The number of the try.
  public func draw(seed: UInt64, caseName: String, attempt: Int) -> DrawnPerturbation {
    let key =
      [seed, UInt64(attempt)] + Array(kind.rawValue.utf8).map(UInt64.init) + [0]
      + Array(caseName.utf8).map(UInt64.init)
    var random = CounterRandom(key: key + [0])
    return DrawnPerturbation(self, vector: vector(using: &random), random: CounterRandom(key: key + [1]))
  }

  /// Draws a vector at the edge of the set.
  package func vector(using random: inout CounterRandom) -> [Double] {
    var vector = kind.parameters.map { random.uniform($0.bounds.lowerBound, $0.bounds.upperBound) }
    let directions = kind.parameters.indices.filter { kind.parameters[$0].isDirection }
    let largest = directions.map { abs(vector[$0]) }.max() ?? 0
    if largest > 0 { for index in directions { vector[index] /= largest } }
    return vector
  }
}

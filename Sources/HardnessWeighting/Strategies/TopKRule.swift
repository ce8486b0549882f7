/// The uniform distribution over the k cases with the largest losses.
///
///     p_i = 1 / k for the k hardest cases, 0 for the others
///
/// This is hard example mining (Shrivastava, Gupta and Girshick, "Training Region-based Object Detectors with Online
/// Hard Example Mining", CVPR 2016) with cases instead of regions. Of equal losses, those of the lower indices come
/// first. A case outside the k is not drawn again until one of the k has become easier than it.
public struct TopKRule: LossRule {
  /// The number k of cases, at least 1 and at most the number of all cases.
  public let count: Int

  /// Creates a rule for the given number of cases.
  public init(count: Int) { self.count = count }

  /// Checks the setting.
  ///
  /// - Throws: ``SamplerError/setting(_:_:expected:)`` when it is out of range.
  public func validate(caseCount: Int) throws {
    guard count >= 1, count <= caseCount else {
      throw SamplerError.setting("k", Double(count), expected: "from 1 to the number of cases, \(caseCount)")
    }
  }

  public func probabilities(_ losses: [Double]) -> [Double] {
    var probabilities = Array(repeating: 0.0, count: losses.count)
    for index in losses.hardestFirst().prefix(count) { probabilities[index] = 1 / Double(count) }
    return probabilities
  }
}

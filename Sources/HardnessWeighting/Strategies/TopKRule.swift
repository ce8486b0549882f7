/// Draws the k cases with the largest losses, each alike: a hard example miner (Shrivastava, Gupta and Girshick, "Training Region-based Object
/// Detectors with Online Hard Example Mining", CVPR 2016, with cases for regions). A case outside the k is not seen again before one of the k
/// has become easier than it was.
public struct TopKRule: LossRule {
  /// At least 1 and at most the number of cases.
  public let count: Int

  public init(count: Int) { self.count = count }

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

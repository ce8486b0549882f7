/// The partition of the cases into groups.
struct CaseGroups: Codable, Sendable, Equatable {
  /// The index of each case's group.
  let groupIndices: [Int]
  /// The cases of each group.
  let members: [[Int]]

  /// - Parameter names: The name of each case's group.
  /// - Throws: `SamplerError` when there are no cases.
  init(_ names: [String]) throws {
    try UniformSampler.check(caseCount: names.count)
    // Groups are numbered by name, so that the draws do not depend on the order of the cases.
    let sorted = Set(names).sorted()
    let order = Dictionary(uniqueKeysWithValues: zip(sorted, sorted.indices))
    groupIndices = names.map { order[$0] ?? 0 }
    var members: [[Int]] = Array(repeating: [], count: sorted.count)
    for (index, group) in groupIndices.enumerated() { members[group].append(index) }
    self.members = members
  }

  /// Draws a group in proportion to its weight, then one of its cases uniformly.
  func draw(_ weights: CumulativeWeights, _ generator: inout SplitMix64) -> Int {
    let cases = members[weights.draw(&generator)]
    return cases[generator.index(below: cases.count)]
  }

  /// The probability of each case, q_g / n_g for the probabilities q of the groups.
  func caseProbabilities(_ probabilities: [Double]) -> [Double] {
    groupIndices.map { probabilities[$0] / Double(members[$0].count) }
  }
}

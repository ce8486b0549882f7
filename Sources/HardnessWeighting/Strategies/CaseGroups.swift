/// Which cases belong together.
struct CaseGroups: Codable, Sendable, Equatable {
  /// The group of each case, from 0.
  let numbers: [Int]
  /// The cases of each group.
  let members: [[Int]]

  /// - Parameter names: the group of each case; cases of equal name belong together.
  /// - Throws: `SamplerError.noCases` when there are none.
  init(_ names: [String]) throws {
    try UniformSampler.check(caseCount: names.count)
    // In the order of their names, so that the order of the cases does not decide what is drawn.
    let sorted = Set(names).sorted()
    let order = Dictionary(uniqueKeysWithValues: zip(sorted, sorted.indices))
    numbers = names.map { order[$0] ?? 0 }
    var members: [[Int]] = Array(repeating: [], count: sorted.count)
    for (index, group) in numbers.enumerated() { members[group].append(index) }
    self.members = members
  }

  /// A case of a group drawn with the given probabilities, all cases of a group alike.
  func draw(_ probabilities: CumulativeWeights, _ generator: inout SplitMix64) -> Int {
    let cases = members[probabilities.draw(&generator)]
    return cases[generator.index(below: cases.count)]
  }

  /// The probability of each case.
  func spread(_ probabilities: [Double]) -> [Double] {
    numbers.map { probabilities[$0] / Double(members[$0].count) }
  }
}

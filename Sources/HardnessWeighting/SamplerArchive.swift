/// A sampler's state together with the names of its cases, for a checkpoint. Cases are found again by name, so that a changed list of
/// cases is either mapped or refused: the state never ends up with other cases.
public struct SamplerArchive<Sampler: CaseSampler>: Codable, Sendable {
  /// In the order of the sampler's numbers.
  public let caseNames: [String]
  public let sampler: Sampler

  /// - Throws: `SamplerError.namesDiffer` unless every case has a name of its own.
  public init(_ sampler: Sampler, caseNames: [String]) throws {
    self.caseNames = caseNames
    self.sampler = sampler
    try validate()
  }

  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    caseNames = try values.decode([String].self, forKey: .caseNames)
    sampler = try values.decode(Sampler.self, forKey: .sampler)
    try validate()
  }

  private func validate() throws {
    guard caseNames.count == sampler.caseCount, Set(caseNames).count == caseNames.count else {
      throw SamplerError.namesDiffer(names: Set(caseNames).count, cases: sampler.caseCount)
    }
  }

  /// The sampler for a list of cases in whatever order.
  ///
  /// - Parameter allowingChanges: whether cases may have been added, which begin as unseen, and left out.
  /// - Throws: `SamplerError` when the lists differ and may not, or the strategy cannot take in new cases.
  public func sampler(for names: [String], allowingChanges: Bool = false) throws -> Sampler {
    if names == caseNames { return sampler }
    let numbers = Dictionary(uniqueKeysWithValues: zip(caseNames, caseNames.indices))
    let previousIndices = names.map { numbers[$0] }
    let added = zip(names, previousIndices).filter { $0.1 == nil }.map(\.0)
    let missing = Set(caseNames).subtracting(names).sorted()
    guard Set(names).count == names.count else {
      throw SamplerError.namesDiffer(names: Set(names).count, cases: names.count)
    }
    guard allowingChanges || added.isEmpty && missing.isEmpty else {
      throw SamplerError.casesChanged(added: added, missing: missing)
    }
    return try sampler.remapped(previousIndices)
  }
}

extension CaseSampler {
  /// Throws unless `previousIndices` names cases that exist, each once.
  static func check(_ previousIndices: [Int?], caseCount: Int) throws {
    try check(caseCount: previousIndices.count)
    var seen: Set<Int> = []
    for index in previousIndices.compactMap({ $0 }) {
      guard index >= 0, index < caseCount, seen.insert(index).inserted else {
        throw SamplerError.noSuchCase(index, caseCount: caseCount)
      }
    }
  }

  /// What is known of each case, for the new list.
  ///
  /// - Throws: `SamplerError.newCase` for a case of which nothing can be known.
  static func carried<Value>(_ values: [Value], to previousIndices: [Int?]) throws -> [Value] {
    try check(previousIndices, caseCount: values.count)
    return try previousIndices.enumerated().map { target, previous in
      guard let previous else { throw SamplerError.newCase(target) }
      return values[previous]
    }
  }
}

extension [Int?] {
  /// Of a changed list's previousIndices: where each old case went.
  var targets: [Int: UInt32] {
    var targets: [Int: UInt32] = [:]
    for (target, previous) in enumerated() { if let previous { targets[previous] = UInt32(target) } }
    return targets
  }
}

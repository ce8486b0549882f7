/// The state of a sampler together with the names of its cases, for a checkpoint.
///
/// Cases are matched by name when the state is restored. A reordered list of cases is remapped and a changed one is
/// refused, so a loss never ends up with the wrong case.
///
/// ```swift
/// let data = try JSONEncoder().encode(SamplerArchive(sampler, caseNames: names))
/// let archive = try JSONDecoder().decode(SamplerArchive<HardnessWeightedSampler>.self, from: data)
/// sampler = try archive.sampler(for: names)
/// ```
public struct SamplerArchive<Sampler: CaseSampler>: Codable, Sendable {
  /// The name of each case, in the order of the sampler's case indices.
  public let caseNames: [String]

  /// The stored sampler.
  public let sampler: Sampler

  /// Creates an archive of a sampler.
  ///
  /// - Throws: ``SamplerError/namesDiffer(names:cases:)`` unless there is one unique name for each case.
  public init(_ sampler: Sampler, caseNames: [String]) throws {
    self.caseNames = caseNames
    self.sampler = sampler
    try validate()
  }

  /// Decodes an archive.
  ///
  /// - Throws: ``SamplerError`` when the stored state is inconsistent, or a `DecodingError`.
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

  /// The sampler for a list of cases, which may be in another order.
  ///
  /// - Parameters:
  ///   - names: The names of the cases, each once.
  ///   - allowingChanges: Whether the list may contain new cases, which start as unvisited, and lack old ones.
  /// - Returns: The stored sampler, with its case indices remapped to the order of `names`.
  /// - Throws: ``SamplerError`` when a name occurs twice, the cases differ although `allowingChanges` is false, or
  ///   the strategy cannot add new cases.
  public func sampler(for names: [String], allowingChanges: Bool = false) throws -> Sampler {
    if names == caseNames { return sampler }
    let indices = Dictionary(uniqueKeysWithValues: zip(caseNames, caseNames.indices))
    let previousIndices = names.map { indices[$0] }
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
  /// Throws unless every previous index exists and occurs once.
  static func check(_ previousIndices: [Int?], caseCount: Int) throws {
    try check(caseCount: previousIndices.count)
    var checked: Set<Int> = []
    for index in previousIndices.compactMap({ $0 }) {
      guard index >= 0, index < caseCount, checked.insert(index).inserted else {
        throw SamplerError.noSuchCase(index, caseCount: caseCount)
      }
    }
  }

  /// The value of each case, in the order of the new list.
  ///
  /// - Throws: ``SamplerError/newCase(_:)`` for a new case, which has no value.
  static func reordered<Value>(_ values: [Value], by previousIndices: [Int?]) throws -> [Value] {
    try check(previousIndices, caseCount: values.count)
    return try previousIndices.enumerated().map { index, previous in
      guard let previous else { throw SamplerError.newCase(index) }
      return values[previous]
    }
  }
}

extension [Int?] {
  /// The index of each old case in the new list, for an array of previous indices.
  var newIndices: [Int: UInt32] {
    var newIndices: [Int: UInt32] = [:]
    for (index, previous) in enumerated() { if let previous { newIndices[previous] = UInt32(index) } }
    return newIndices
  }
}

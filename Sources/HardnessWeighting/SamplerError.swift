/// An input that a sampler cannot work with.
public enum SamplerError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The list of cases is empty.
  case noCases
  /// The batch size is negative, or there are too few cases to draw it without replacement.
  case impossibleBatch(Int, caseCount: Int)
  /// A case index is out of range, or occurs twice where each may occur once.
  case noSuchCase(Int, caseCount: Int)
  /// A loss is NaN or infinite.
  case lossNotFinite(Double, case: Int)
  /// The number of losses is not the number of cases.
  case countsDiffer(losses: Int, cases: Int)
  /// A setting, given by its name and value, is out of its range.
  case setting(String, Double, expected: String)
  /// Two cases have the same name, or the number of names is not the number of cases.
  case namesDiffer(names: Int, cases: Int)
  /// A stored state belongs to other cases, given by their names.
  case casesChanged(added: [String], missing: [String])
  /// A setting names a group that no case belongs to.
  case noSuchGroup(String, groups: [String])
  /// The settings need the group of every case.
  case groupsUnknown
  /// The strategy cannot add a case, because it does not know its weight or group.
  case newCase(Int)
  /// A stored state contradicts itself.
  case stateInconsistent

  /// The error as one sentence.
  public var description: String {
    switch self {
    case .noCases: "there are no cases to draw from"
    case .impossibleBatch(let size, let count):
      "cannot draw a batch of \(size) from \(count) cases; choose a batch size from 0 to \(count), "
        + "or draw with replacement"
    case .noSuchCase(let index, let count):
      "there is no case \(index), or it occurs twice; cases are numbered 0 to \(count - 1)"
    case .lossNotFinite(let loss, let index): "the loss of case \(index) is \(loss); it must be finite"
    case .countsDiffer(let losses, let cases): "there are \(losses) losses for \(cases) cases"
    case .setting(let name, let value, let expected): "\(name) is \(value); it must be \(expected)"
    case .namesDiffer(let names, let cases): "there are \(names) different names for \(cases) cases"
    case .casesChanged(let added, let missing):
      "the stored state belongs to other cases: \(Self.list(added)) not in it, \(Self.list(missing)) no longer there"
    case .noSuchGroup(let name, let groups):
      "there is no group \(name) among the cases; their groups are \(Self.list(groups))"
    case .groupsUnknown: "the settings for groups need the group of every case"
    case .newCase(let index): "case \(index) is new, and the sampler knows neither its weight nor its group"
    case .stateInconsistent: "the stored state contradicts itself"
    }
  }

  /// Up to three names, and how many more there are.
  private static func list(_ names: [String]) -> String {
    names.isEmpty
      ? "none" : names.prefix(3).joined(separator: ", ") + (names.count > 3 ? " and \(names.count - 3) more" : "")
  }
}

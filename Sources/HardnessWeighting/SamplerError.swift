/// What a sampler cannot work with.
public enum SamplerError: Error, Equatable, Sendable, CustomStringConvertible {
  /// There is nothing to draw from.
  case noCases
  /// A batch of this size cannot be drawn: it is negative, or there are too few cases to draw it without replacement.
  case impossibleBatch(Int, caseCount: Int)
  /// A case was named that does not exist, or twice.
  case noSuchCase(Int, caseCount: Int)
  /// A loss is NaN or infinite.
  case lossNotFinite(Double, case: Int)
  /// Not one loss a case.
  case countsDiffer(losses: Int, cases: Int)
  /// A setting is outside its range.
  case setting(String, Double, expected: String)
  /// Not one name of its own for each case.
  case namesDiffer(names: Int, cases: Int)
  /// A stored state is of other cases.
  case casesChanged(added: [String], missing: [String])
  /// The strategy has to know more about a case than its name to take it in.
  case newCase(Int)
  /// A stored state contradicts itself.
  case stateInconsistent

  public var description: String {
    switch self {
    case .noCases: "there are no cases to draw from"
    case .impossibleBatch(let size, let count):
      "cannot draw a batch of \(size) from \(count) cases; choose a batch size from 0 to \(count), or draw with replacement"
    case .noSuchCase(let index, let count): "there is no case \(index); cases are numbered 0 to \(count - 1), each once"
    case .lossNotFinite(let loss, let index): "the loss of case \(index) is \(loss); it must be finite"
    case .countsDiffer(let losses, let cases): "there are \(losses) losses for \(cases) cases"
    case .setting(let name, let value, let expected): "\(name) is \(value); it must be \(expected)"
    case .namesDiffer(let names, let cases): "there are \(names) different names for \(cases) cases"
    case .casesChanged(let added, let missing):
      "the stored state is of other cases: \(Self.list(added)) not in it, \(Self.list(missing)) no longer there"
    case .newCase(let index): "case \(index) is new, and the sampler knows neither its weight nor its group"
    case .stateInconsistent: "the stored state contradicts itself"
    }
  }

  private static func list(_ names: [String]) -> String {
    names.isEmpty
      ? "none" : names.prefix(3).joined(separator: ", ") + (names.count > 3 ? " and \(names.count - 3) more" : "")
  }
}

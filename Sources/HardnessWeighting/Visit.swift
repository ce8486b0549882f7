/// What a training loop tells a sampler about one visit of a case: how hard one patch of it was.
public struct Visit: Codable, Sendable, Equatable {
  /// The index of the case.
  public var caseIndex: Int

  /// How hard the patch was: the training loss, or a measure of its own. Larger is harder.
  public var signal: Double

  /// What kind of patch it was. Patches that cannot be compared, because a class is absent from one of them, say, have
  /// different kinds; the numbers mean nothing to the sampler.
  public var kind: Int

  /// Creates a visit; all visits are of one kind unless told otherwise.
  public init(caseIndex: Int, signal: Double, kind: Int = 0) {
    self.caseIndex = caseIndex
    self.signal = signal
    self.kind = kind
  }
}

/// One visit of a case, as `visits.csv` has it.
struct VisitRecord: Codable, Sendable {
  /// The training step within the epoch, counted from 0.
  var step: Int
  /// The index of the case.
  var caseIndex: Int
  /// The position in the batch, in the order of the draws.
  var position: Int
  /// Whether the patch was made to show foreground.
  var showsForeground: Bool
  /// The number of classes or regions that the patch does not show.
  var absentClasses: Int
  var loss: Double
  /// The cross-entropy and the soft Dice of the patch; see `PatchHardness`.
  var crossEntropy: Double
  var softDice: Double?
  /// What the sampler was told.
  var signal: Double
  /// The probability with which the case was drawn, `nil` in checkpoints of earlier versions.
  var probability: Double?
  /// The sampler's β when it was told.
  var beta: Double?

  /// Patches of one kind can be compared: as many classes are absent, and both or neither were made to show foreground.
  var patchKind: Int { 2 * absentClasses + (showsForeground ? 1 : 0) }
}

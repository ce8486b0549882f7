/// How hard a patch was for a network, apart from the loss it is trained with.
///
/// It comes from the sums of the loss at full resolution, always for each sample by itself, whatever the loss does.
public struct PatchHardness: Sendable, Equatable {
  /// The mean soft Dice over the classes or regions that the patch shows; `nil` when it shows none.
  public let softDice: Double?

  /// The mean cross-entropy over the annotated voxels; for regions, over the regions too.
  public let crossEntropy: Double

  /// The number of classes or regions that the patch does not show.
  public let absentClasses: Int

  /// Cross-entropy minus soft Dice. Without any class in the patch, the cross-entropy alone.
  public var balanced: Double { crossEntropy - (softDice ?? 0) }
}

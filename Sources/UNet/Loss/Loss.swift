/// The definition of the loss that training minimizes: soft Dice plus cross-entropy.
///
/// It is nnU-Net's `DC_and_CE_loss` for classes and `DC_and_BCE_loss` for regions.
/// ``Network/computeLoss(_:labels:sampleWeights:)`` computes it.
public struct Loss: Sendable, Equatable {
  /// What the output channels of a network stand for.
  public enum Target: Sendable, Equatable {
    /// Channel c is the class with label value c, and a softmax makes the classes exclusive. Dice
    /// omits the background, 0.
    case classes
    /// Each channel is a region, a set of label values, and has its own sigmoid. Regions may
    /// overlap. Dice uses all of them.
    case regions([[Int]])
  }

  /// What the output channels stand for.
  public var target: Target
  /// The label of voxels that are not annotated and do not count in the loss; `nil` when there is
  /// none.
  public var ignoreLabel: Int?
  /// Whether Dice is computed over the whole batch at once, with one value for all samples, or for
  /// each sample.
  public var batchDice: Bool

  /// Creates the definition of a loss.
  ///
  /// - Parameters:
  ///   - target: What the output channels stand for.
  ///   - ignoreLabel: The label of voxels that do not count; `nil` when there is none.
  ///   - batchDice: Whether Dice is computed over the whole batch at once.
  public init(_ target: Target = .classes, ignoreLabel: Int? = nil, batchDice: Bool) {
    (self.target, self.ignoreLabel, self.batchDice) = (target, ignoreLabel, batchDice)
  }

  /// Returns the label values that voxels may have, apart from `ignoreLabel`.
  ///
  /// - Parameter channels: The number of output channels.
  func labels(channels: Int) -> ClosedRange<Int> {
    switch target {
    case .classes: 0...max(0, channels - 1)
    case .regions(let regions): 0...max(0, regions.joined().max() ?? 0)
    }
  }
}

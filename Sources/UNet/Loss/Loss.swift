/// What training lowers: soft Dice plus cross-entropy, nnU-Net's `DC_and_CE_loss` and `DC_and_BCE_loss`.
public struct Loss: Sendable, Equatable {
  /// What a network's output channels stand for.
  public enum Target: Sendable, Equatable {
    /// Label values 0, 1, 2 … that exclude each other, by softmax. Dice leaves the background, 0, out.
    case classes
    /// Sets of label values that may overlap, one a channel, each by a sigmoid of its own. Dice takes all of them.
    case regions([[Int]])
  }

  public var target: Target
  /// The label of voxels that were not annotated; they take no part.
  public var ignoreLabel: Int?
  /// Whether Dice is of the whole batch, which all its samples share, instead of each sample's own.
  public var batchDice: Bool

  public init(_ target: Target = .classes, ignoreLabel: Int? = nil, batchDice: Bool) {
    (self.target, self.ignoreLabel, self.batchDice) = (target, ignoreLabel, batchDice)
  }

  /// The label values it can be computed of, for a network of `channels` outputs; `ignoreLabel` may stand there beside
  /// them.
  func labels(channels: Int) -> ClosedRange<Int> {
    switch target {
    case .classes: 0...max(0, channels - 1)
    case .regions(let regions): 0...max(0, regions.joined().max() ?? 0)
    }
  }
}

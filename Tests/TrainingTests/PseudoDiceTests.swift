import Tensors
import Testing
import UNet

@testable import Training

/// Protects the pseudo Dice, by which the best checkpoint is chosen, with examples counted by hand.
struct PseudoDiceTests {
  /// Label 1 has one true positive, one false positive and one false negative; label 2 is nowhere.
  @Test func classes() {
    var dice = PseudoDice(Loss(batchDice: false), channels: 3)
    let logits = Tensor([1, 1, 1, 4, 3], [0, 1, 0, 2, 1, 0, 0, 3, 1, 5, 1, 0])
    dice.add(logits: logits, labels: [1, 1, 0, 0])
    #expect(dice.values == [0.5, nil])
  }

  /// A voxel can be in several regions: the first is in both, the second in the outer one; the third is wrongly
  /// predicted to be in the outer one, and the last is ignored.
  @Test func regions() {
    var dice = PseudoDice(Loss(.regions([[1, 2], [2]]), ignoreLabel: 3, batchDice: false), channels: 2)
    dice.add(logits: Tensor([1, 1, 1, 4, 2], [1, -1, 1, -1, 1, -1, 1, 1]), labels: [2, 1, 0, 3])
    #expect(dice.values == [0.8, 0])
  }
}

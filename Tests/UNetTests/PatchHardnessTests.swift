import Foundation
import Tensors
import Testing

@testable import UNet

/// Protects what a patch tells of a case's hardness, against plain loops over its voxels: each sample by itself, only
/// classes that the patch shows, only voxels that are annotated.
@Suite struct PatchHardnessTests {
  private static let (batch, voxels, channels) = (2, 6000, 4)

  /// Sample 0 shows classes 1 and 2 but not 3; sample 1 shows none. A tenth of the voxels is not annotated.
  private static let labels: [Int16] = (0..<batch * voxels).map { index in
    if index % 10 == 3 { return 4 }
    return index < voxels ? Int16(index / 7 % 3) : 0
  }

  private static let logits: [Float] = (0..<batch * voxels * channels).map { Float($0 * 7919 % 1009) / 250 - 2 }

  private func expected(_ sample: Int) -> (dice: Double?, entropy: Double, absent: Int) {
    let channels = Self.channels
    var (overlap, predicted, size) = ([0.0, 0, 0, 0], [0.0, 0, 0, 0], [0.0, 0, 0, 0])
    var (entropy, counted) = (0.0, 0.0)
    for voxel in sample * Self.voxels..<(sample + 1) * Self.voxels where Self.labels[voxel] != 4 {
      let exponentials = (0..<channels).map { exp(Double(Self.logits[voxel * channels + $0])) }
      let sum = exponentials.reduce(0, +)
      let label = Int(Self.labels[voxel])
      entropy -= log(exponentials[label] / sum)
      counted += 1
      size[label] += 1
      overlap[label] += exponentials[label] / sum
      for c in 0..<channels { predicted[c] += exponentials[c] / sum }
    }
    var dice: [Double] = []
    for c in 1..<channels where size[c] > 0 {
      dice.append((2 * overlap[c] + 1e-5) / (predicted[c] + size[c] + 1e-5))
    }
    let mean = dice.isEmpty ? nil : dice.reduce(0, +) / Double(dice.count)
    return (mean, entropy / counted, channels - 1 - dice.count)
  }

  @Test(arguments: [false, true]) func agreesWithLoops(batchDice: Bool) throws {
    let shape = [Self.batch, Self.voxels, Self.channels]
    let loss = DiceCrossEntropy(
      Loss(.classes, ignoreLabel: 4, batchDice: batchDice), batch: Self.batch, voxels: Self.voxels,
      channels: Self.channels)
    _ = loss(logits: Tensor(shape, Self.logits), labels: Self.labels, factors: [1, 1], gradient: Tensor(shape))
    #expect(loss.patchHardness.count == 2)
    for (sample, found) in loss.patchHardness.enumerated() {
      let (dice, entropy, absent) = expected(sample)
      #expect((found.softDice == nil) == (dice == nil))
      #expect(abs((found.softDice ?? 0) - (dice ?? 0)) < 1e-5)
      #expect(abs(found.crossEntropy - entropy) < 1e-5)
      #expect(found.absentClasses == absent)
      #expect(abs(found.balanced - (entropy - (dice ?? 0))) < 1e-5)
    }
    #expect(loss.patchHardness.map(\.absentClasses) == [1, 3])
  }

  /// A case annotated in a tenth of its voxels is as hard as one annotated everywhere.
  @Test func sparseAnnotationIsNotEasy() throws {
    let shape = [2, 1000, 2]
    var logits: [Float] = []
    var labels: [Int16] = []
    for voxel in 0..<2000 {
      let position = voxel % 1000
      logits += [Float(position % 13) / 6, 1]
      labels.append(voxel < 1000 || position < 100 ? Int16(position % 2) : 2)
    }
    let loss = DiceCrossEntropy(
      Loss(.classes, ignoreLabel: 2, batchDice: false), batch: 2, voxels: 1000, channels: 2)
    _ = loss(logits: Tensor(shape, logits), labels: labels, factors: [1, 1], gradient: Tensor(shape))
    #expect(abs(loss.patchHardness[0].crossEntropy - loss.patchHardness[1].crossEntropy) < 0.02)
    #expect(loss.patchHardness.allSatisfy { $0.absentClasses == 0 })
  }
}

import Foundation
import Tensors
import TestSupport
import Testing

@testable import UNet

/// Protects Dice plus cross-entropy and its gradient against nnU-Net's: Dice per sample and per batch, absent classes.
@Suite(.enabled(if: Golden.isPresent, Comment(rawValue: Golden.absence)))
struct GoldenLossTests {
  @Test func agreesWithNNUNet() throws {
    let golden = try Golden.tensors("loss_dice_ce.safetensors")
    var example = 0
    while let shape = golden.entries["\(example)/logits"]?.shape {
      let (batch, classes, voxels) = (shape[0], shape[1], shape[2...].reduce(1, *))
      let logits = Tensor([batch, voxels, classes])
      Self.transpose(try golden.floats("\(example)/logits"), batch, classes, voxels, into: logits)
      let labels = try golden.integers("\(example)/target").map { Int16($0) }
      for (batchDice, suffix) in [(false, "False"), (true, "True")] {
        let loss = DiceCrossEntropy(Loss(batchDice: batchDice), batch: batch, voxels: voxels, channels: classes)
        let gradient = Tensor(logits.shape)
        let factors = Array(repeating: 1 / Double(batch), count: batch)
        let losses = loss(logits: logits, labels: labels, factors: factors, gradient: gradient)
        let mean = losses.reduce(0, +) / Double(batch)
        let expected = try golden.doubles("\(example)/loss_batch_dice_\(suffix)")[0]
        #expect(abs(mean - expected) < 1e-5 * max(1, abs(expected)))

        let reference = Tensor(logits.shape)
        Self.transpose(
          try golden.floats("\(example)/gradient_batch_dice_\(suffix)"), batch, classes, voxels, into: reference)
        let scale = reference.elements.map(abs).max() ?? 0
        let worst = zip(gradient.elements, reference.elements).map { abs($0 - $1) }.max() ?? 0
        #expect(worst <= 1e-5 * scale, "gradient \(example) batch_dice \(suffix) differs by \(worst) of \(scale)")
      }
      example += 1
    }
    #expect(example > 0)
  }

  private static func transpose(_ source: [Float], _ batch: Int, _ classes: Int, _ voxels: Int, into target: Tensor) {
    target.withUnsafeMutableBufferPointer { target in
      for n in 0..<batch {
        for c in 0..<classes {
          for v in 0..<voxels { target[(n * voxels + v) * classes + c] = source[(n * classes + c) * voxels + v] }
        }
      }
    }
  }
}

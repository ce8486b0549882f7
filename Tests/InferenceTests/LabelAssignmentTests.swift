import Foundation
import Testing

@testable import Inference

/// Protects nnU-Net's rules that turn logits into labels and probabilities.
@Suite struct LabelAssignmentTests {
  @Test func theFirstOfTheLargestLogitsWins() {
    let labels = LabelAssignment(regionLabels: nil).labels(of: [1, -5, 0, 2, 0, -4, 0, 3, -1, -3, 0, 3], channels: 3)
    #expect(labels == [0, 2, 0, 1])
  }

  @Test func laterRegionsOverwriteEarlierOnes() {
    let labels = LabelAssignment(regionLabels: [2, 1, 3])
      .labels(of: [1, 1, 1, -1, -1, 1, 1, -1, -1, -1, 1, -1], channels: 3)
    #expect(labels == [2, 1, 3, 0])
  }

  /// Regions are decided at a logit of 0, or at a probability of one half.
  @Test func thresholds() {
    let logits: [Float] = [0.1, -0.1, 3, -1, -1, 2]
    #expect(LabelAssignment(regionLabels: [2, 5]).labels(of: logits, channels: 2) == [2, 0, 5])
    let probabilities: [Float] = [0.6, 0.4, 0.9, 0.1, 0.1, 0.8]
    #expect(LabelAssignment(regionLabels: [2, 5], threshold: 0.5).labels(of: probabilities, channels: 2) == [2, 0, 5])
  }

  /// More voxels than a thread takes at a time.
  @Test func manyVoxels() {
    let count = 100_000
    let winners = (0..<count).map { Int32($0 * 7919 % 3) }
    let logits: [Float] = (0..<3).flatMap { channel in winners.map { $0 == channel ? 1 : 0 } }
    #expect(LabelAssignment(regionLabels: nil).labels(of: logits, channels: 3) == winners)
  }

  @Test func softmaxAndSigmoid() {
    var logits: [Float] = [0, 1000, Float(log(3.0)), 0]
    LabelAssignment(regionLabels: nil).replaceByProbabilities(&logits, channels: 2)
    for (value, expected) in zip(logits, [0.25, 1, 0.75, 0] as [Float]) { #expect(abs(value - expected) < 1e-6) }
    logits = [0, Float(log(3.0)), -1000, 1000]
    LabelAssignment(regionLabels: [1, 2]).replaceByProbabilities(&logits, channels: 2)
    for (value, expected) in zip(logits, [0.5, 0.75, 0, 1] as [Float]) { #expect(abs(value - expected) < 1e-6) }
  }
}

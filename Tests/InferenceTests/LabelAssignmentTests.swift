import Foundation
import Testing

@testable import Inference

/// Logits become labels and probabilities by nnU-Net's rules.
@Suite struct LabelDecisionTests {
  @Test func theFirstOfTheLargestLogitsWins() {
    var decision = LabelAssignment(voxels: 4, regionLabels: nil)
    decision.add([1, -5, 0, 2])
    decision.add([0, -4, 0, 3])
    decision.add([-1, -3, 0, 3])
    #expect(decision.labels == [0, 2, 0, 1])
  }

  @Test func laterRegionsOverwriteEarlierOnes() {
    var decision = LabelAssignment(voxels: 4, regionLabels: [2, 1, 3])
    decision.add([1, 1, 1, -1])
    decision.add([-1, 1, 1, -1])
    decision.add([-1, -1, 1, -1])
    #expect(decision.labels == [2, 1, 3, 0])
  }

  @Test func softmaxAndSigmoid() {
    var logits: [Float] = [0, 1000, Float(log(3.0)), 0]
    LabelAssignment.probabilities(of: &logits, channels: 2, areRegions: false)
    for (value, expected) in zip(logits, [0.25, 1, 0.75, 0] as [Float]) { #expect(abs(value - expected) < 1e-6) }
    logits = [0, Float(log(3.0)), -1000, 1000]
    LabelAssignment.probabilities(of: &logits, channels: 2, areRegions: true)
    for (value, expected) in zip(logits, [0.5, 0.75, 0, 1] as [Float]) { #expect(abs(value - expected) < 1e-6) }
  }
}

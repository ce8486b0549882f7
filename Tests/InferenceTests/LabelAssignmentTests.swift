import Foundation
import Testing

@testable import Inference

/// Protects nnU-Net's rules that turn logits into labels and probabilities.
@Suite struct LabelAssignmentTests {
  @Test func theFirstOfTheLargestLogitsWins() {
    var assignment = LabelAssignment(voxels: 4, regionLabels: nil)
    assignment.add([1, -5, 0, 2])
    assignment.add([0, -4, 0, 3])
    assignment.add([-1, -3, 0, 3])
    #expect(assignment.labels == [0, 2, 0, 1])
  }

  @Test func laterRegionsOverwriteEarlierOnes() {
    var assignment = LabelAssignment(voxels: 4, regionLabels: [2, 1, 3])
    assignment.add([1, 1, 1, -1])
    assignment.add([-1, 1, 1, -1])
    assignment.add([-1, -1, 1, -1])
    #expect(assignment.labels == [2, 1, 3, 0])
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

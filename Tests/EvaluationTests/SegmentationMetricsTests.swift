import Foundation
import NIfTI
import TestSupport
import Testing

@testable import Evaluation

/// A volume of zeros with a block of one label; the bounds (z, y, x) are half-open.
func block(_ label: Int32, from lower: [Int], to upper: [Int], in shape: [Int]) -> Volume<Int32> {
  var volume = Volume<Int32>(shape: shape, repeating: 0)
  for z in lower[0]..<upper[0] {
    for y in lower[1]..<upper[1] {
      for x in lower[2]..<upper[2] { volume[z, y, x] = label }
    }
  }
  return volume
}

/// Protects the counts, overlaps and distances with shapes whose metrics can be computed by hand.
struct SegmentationMetricsTests {
  /// A cube of 4 voxels an edge, moved by `shift` voxels along one axis: every distance is at most the shift in mm, the
  /// farthest face is the shift away, and the overlap is (4 - shift) / 4.
  @Test(arguments: 0..<3, 1...3)
  func cubeMovedAlongAnAxis(axis: Int, shift: Int) {
    let spacing = [3, 0.5, 1.25]
    let shape = [12, 12, 12]
    var (lower, upper) = ([2, 2, 2], [6, 6, 6])
    let reference = block(1, from: lower, to: upper, in: shape)
    lower[axis] += shift
    upper[axis] += shift
    let prediction = block(1, from: lower, to: upper, in: shape)
    let metrics = SegmentationMetrics(prediction: prediction, reference: reference, values: [1], spacing: spacing)
    #expect(metrics.truePositives == 16 * (4 - shift) && metrics.falsePositives == 16 * shift)
    #expect(metrics.predicted == 64 && metrics.expected == 64 && metrics.trueNegatives == 1728 - 64 - 16 * shift)
    #expect(metrics.dice == Double(4 - shift) / 4)
    #expect(metrics.intersectionOverUnion == Double(4 - shift) / Double(4 + shift))
    #expect(abs(metrics.hausdorff - Double(shift) * spacing[axis]) < 1e-12)
    #expect(metrics.hausdorff95 <= metrics.hausdorff && metrics.averageSurfaceDistance < metrics.hausdorff)
  }

  /// Two single voxels: every distance is that of their centers.
  @Test func twoVoxels() {
    let shape = [5, 6, 7]
    let metrics = SegmentationMetrics(
      prediction: block(2, from: [0, 0, 0], to: [1, 1, 1], in: shape),
      reference: block(2, from: [1, 2, 3], to: [2, 3, 4], in: shape), values: [2], spacing: [2, 3, 0.5])
    let distance = (4 + 36 + 2.25).squareRoot()
    for value in [metrics.hausdorff, metrics.hausdorff95, metrics.averageSurfaceDistance] {
      #expect(abs(value - distance) < 1e-12)
    }
    #expect(metrics.dice == 0 && metrics.surfaceDice == 0)
  }

  /// Voxels at the volume's border are surface; a volume filled by both has no distance, not an undefined one.
  @Test func volumesFilledByTheLabel() {
    let full = Volume<Int32>(shape: [3, 3, 3], repeating: 1)
    let metrics = SegmentationMetrics(prediction: full, reference: full, values: [1], spacing: [1, 1, 1])
    #expect(
      metrics.dice == 1 && metrics.hausdorff == 0 && metrics.averageSurfaceDistance == 0 && metrics.surfaceDice == 1)
  }

  @Test func labelsMissingFromOneOrBothVolumes() {
    let empty = Volume<Int32>(shape: [8, 8, 8], repeating: 0)
    let cube = block(1, from: [2, 2, 2], to: [5, 5, 5], in: [8, 8, 8])
    let neither = SegmentationMetrics(prediction: empty, reference: empty, values: [1], spacing: [1, 1, 1])
    #expect(
      neither.dice.isNaN && neither.intersectionOverUnion.isNaN && neither.hausdorff95.isNaN
        && neither.surfaceDice.isNaN)
    for (prediction, reference) in [(empty, cube), (cube, empty)] {
      let one = SegmentationMetrics(prediction: prediction, reference: reference, values: [1], spacing: [1, 1, 1])
      #expect(one.dice == 0 && one.intersectionOverUnion == 0 && one.surfaceDice == 0)
      #expect(one.hausdorff.isNaN && one.hausdorff95.isNaN && one.averageSurfaceDistance.isNaN)
    }
  }

  /// A region is the union of its labels: exchanging them inside it costs nothing.
  @Test func regionsUniteLabels() {
    let reference = block(1, from: [1, 1, 1], to: [4, 4, 4], in: [6, 6, 6])
    let prediction = block(3, from: [1, 1, 1], to: [4, 4, 4], in: [6, 6, 6])
    let region = SegmentationMetrics(prediction: prediction, reference: reference, values: [1, 3], spacing: [1, 1, 1])
    #expect(region.dice == 1 && region.hausdorff == 0)
    let label = SegmentationMetrics(prediction: prediction, reference: reference, values: [1], spacing: [1, 1, 1])
    #expect(label.dice == 0 && label.predicted == 0)
  }

  @Test func ignoredVoxelsDoNotCount() {
    var reference = block(1, from: [0, 0, 0], to: [2, 4, 4], in: [4, 4, 4])
    let prediction = block(1, from: [0, 0, 0], to: [3, 4, 4], in: [4, 4, 4])
    for voxel in 32..<48 { reference.voxels[voxel] = 2 }
    let metrics = SegmentationMetrics(
      prediction: prediction, reference: reference, values: [1], ignored: 2, spacing: [1, 1, 1])
    #expect(metrics.truePositives == 32 && metrics.falsePositives == 0 && metrics.trueNegatives == 16)
    #expect(metrics.dice == 1 && metrics.hausdorff == 0)
  }
}

/// Protects the equality of the metrics with MONAI's.
@Suite(.enabled(if: Golden.isPresent, Comment(rawValue: Golden.absence)))
struct GoldenMetricsTests {
  private struct Expected: Decodable {
    var index: Int
    var spacing: [Double]
    var tp, voxels, predictedVoxels: Int
    var dice, hd, hd95, assd, surfaceDice: Double?

    enum CodingKeys: String, CodingKey {
      case index, spacing, tp, dice, hd, hd95, assd
      case voxels = "n_ref"
      case predictedVoxels = "n_pred"
      case surfaceDice = "nsd_1mm"
    }
  }

  @Test func equalMONAI() throws {
    let volumes = try Golden.tensors("metrics.safetensors")
    let cases = try JSONDecoder().decode([Expected].self, from: Data(contentsOf: Golden.file("metrics.json")))
    try #require(!cases.isEmpty)
    for expected in cases {
      func volume(_ name: String) throws -> Volume<Int32> {
        let name = "\(expected.index)/\(name)"
        return Volume(shape: try volumes.entry(name).shape, voxels: try volumes.integers(name))
      }
      let metrics = SegmentationMetrics(
        prediction: try volume("prediction"), reference: try volume("reference"), values: [1], spacing: expected.spacing
      )
      #expect(metrics.truePositives == expected.tp)
      #expect(metrics.expected == expected.voxels && metrics.predicted == expected.predictedVoxels)
      func close(_ value: Double, _ reference: Double?, _ tolerance: Double) -> Bool {
        guard let reference else { return value.isNaN }
        return abs(value - reference) <= tolerance
      }
      #expect(close(metrics.dice, expected.dice, 1e-6))
      guard expected.hd != nil else { continue }
      #expect(close(metrics.hausdorff, expected.hd, 1e-4))
      #expect(close(metrics.hausdorff95, expected.hd95, 1e-4))
      #expect(close(metrics.averageSurfaceDistance, expected.assd, 1e-4))
      #expect(close(metrics.surfaceDice, expected.surfaceDice, 1e-6))
    }
  }
}

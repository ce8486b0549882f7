import Datasets
import Files
import Foundation
import Imaging
import NIfTI
import Plans
import Testing

@testable import Inference

/// Protects the way back to an image's own grid: preprocessing's transposition, crop and resampling are undone.
@Suite struct OriginalGridTests {
  /// Without normalization and at the image's own spacing, the way there and back gives the image.
  @Test(arguments: [[0, 1, 2], [2, 0, 1], [1, 2, 0], [0, 2, 1]])
  func thereAndBack(order: [Int]) throws {
    let spacing = [2.0, 1, 3]
    var plan = try Self.plan(order: order, spacing: order.map { spacing[$0] })
    var volume = Volume<Float>(shape: [6, 7, 8], repeating: 0)
    for z in 1..<4 {
      for y in 2..<7 {
        for x in 3..<5 { volume[z, y, x] = Float(100 * z + 10 * y + x) }
      }
    }
    let description = try DatasetDescription(
      .object(
        JSONObject([
          ("channel_names", .object(JSONObject([("0", .string("noNorm"))]))),
          ("labels", .object(JSONObject([("background", .integer(0)), ("a", .integer(1))]))),
          ("numTraining", .integer(1)), ("file_ending", .string(".nii.gz")),
        ])), file: "dataset.json")
    let image = Image(volume: volume, geometry: Geometry(shape: volume.shape, spacing: spacing))
    let preprocessed = try Preprocessor(plan: plan, description: description)
      .preprocess(images: [image], labels: nil, caseName: "a")
    #expect(preprocessed.shape == order.map { [3, 5, 2][$0] })
    let grid = OriginalGrid(properties: preprocessed.properties, plan: plan)
    #expect(grid.shape == volume.shape)
    var restored = Volume<Float>(shape: volume.shape, repeating: 0)
    let count = preprocessed.shape[1] * preprocessed.shape[2]
    for z in 0..<preprocessed.shape[0] {
      grid.forEachVoxel(ofPlane: z) { restored.voxels[$1] = preprocessed.data[z * count + $0] }
    }
    #expect(restored == volume)

    // At twice the spacing logits come back on the cropped image's grid.
    plan.configuration.spacing = plan.configuration.spacing.map { 2 * $0 }
    let coarse = OriginalGrid(properties: preprocessed.properties, plan: plan)
    let shape = order.map { [2, 3, 1][$0] }
    var resampler = coarse.resampler(from: shape, channels: 1)
    var planes: [[Float]] = []
    for _ in 0..<shape[0] {
      resampler.add(Array(repeating: 4, count: shape[1] * shape[2])) { _, plane in planes.append(plane) }
    }
    #expect(planes.count == preprocessed.properties.shapeAfterCropping[0])
    #expect(planes.allSatisfy { $0.count == count && $0.allSatisfy { abs($0 - 4) < 1e-6 } })
  }

  private static func plan(order: [Int], spacing: [Double]) throws -> Plan {
    let configuration = PlanConfiguration(
      name: "3d_fullres", dataIdentifier: "x", patchSize: [8, 8, 8], batchSize: 2, spacing: spacing,
      medianImageSize: [6, 7, 8], normalizationSchemes: ["NoNormalization"], useMaskForNorm: [false],
      network: NetworkPlan(
        features: [4, 4], kernels: [[3, 3, 3], [3, 3, 3]], strides: [[1, 1, 1], [2, 2, 2]],
        activation: NetworkPlan.relu),
      batchDice: false)
    return Plan(
      datasetName: "x", plansName: "x", transposeForward: order, intensityProperties: [],
      configurations: [configuration])
  }
}

import Foundation
import NIfTI
import TestSupport
import Testing

@testable import Datasets

/// Protects the equality of preprocessed cases with nnU-Net's, for real cases at the planned and at a made-up spacing.
@Suite(.enabled(if: RealData.isPresent, Comment(rawValue: RealData.absence)))
struct GoldenPreprocessingTests {
  @Test(arguments: RealData.preprocessedDatasets) func cases(datasetName: String) throws {
    let dataset = try RawDataset(RealData.dataset(datasetName))
    let folder = Golden.file("preprocessing/\(datasetName)")
    let planned = try Plan.read(folder.appendingPathComponent("nnUNetPlans.json"))
    let file = folder.appendingPathComponent("cases.json")
    let references = try JSONFields(JSON.read(file), file: file.path)
    for key in references.object.keys {
      let parts = key.split(separator: "/").map(String.init)
      var plan = planned
      if parts[1].hasPrefix("spacing_") {
        plan.configuration.spacing = parts[1].split(separator: "_").dropFirst().compactMap { Double($0) }
      }
      let rawCase = try #require(dataset.cases.first { $0.name == parts[0] })
      let loaded = try LoadedCase(rawCase, dataset.description)
      let result = try Preprocessor(plan: plan, description: dataset.description)
        .preprocess(images: loaded.images, labels: loaded.labels, caseName: rawCase.name)
      try compare(result, references.fields(key), Comment(rawValue: "\(datasetName)/\(key)"))
    }
  }

  private func compare(_ result: PreprocessedCase, _ reference: JSONFields, _ place: Comment) throws {
    #expect(try [result.channels] + result.shape == reference.ints("shape"), place)
    #expect(try result.properties.boundingBox == reference.intLists("bbox_used_for_cropping"), place)
    #expect(try result.properties.shapeBeforeCropping == reference.ints("shape_before_cropping"), place)
    #expect(try result.properties.shapeAfterCropping == reference.ints("shape_after_cropping"), place)

    let voxelCount = result.shape.reduce(1, *)
    let (means, deviations) = (try reference.doubles("mean"), try reference.doubles("std"))
    let coordinates = try reference.intLists("voxels")
    let offsets = coordinates.map { ($0[0] * result.shape[1] + $0[1]) * result.shape[2] + $0[2] }
    let values = try reference.doubleLists("values")
    for channel in 0..<result.channels {
      let voxels = result.data[channel * voxelCount..<(channel + 1) * voxelCount]
      let mean = voxels.reduce(0) { $0 + Double($1) } / Double(voxelCount)
      let variance = voxels.reduce(0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / Double(voxelCount)
      let tolerance = 1e-3 * deviations[channel]
      #expect(abs(mean - means[channel]) < tolerance, place)
      #expect(abs(variance.squareRoot() - deviations[channel]) < tolerance, place)
      let worst = zip(offsets, values[channel]).map { abs(Double(result.data[channel * voxelCount + $0]) - $1) }.max()
      #expect(try #require(worst) < tolerance, place)
    }

    let labels = try #require(result.labels)
    var counts: [String: Int] = [:]
    for label in labels.voxels { counts[String(label), default: 0] += 1 }
    let expectedCounts = try reference.fields("label_counts")
    for name in Set(counts.keys).union(expectedCounts.object.keys) {
      let expected = try expectedCounts.intIfPresent(name) ?? 0
      #expect(Double(abs(counts[name, default: 0] - expected)) <= 0.002 * Double(voxelCount), "\(place) label \(name)")
    }
    let differing = zip(offsets, try reference.ints("labels")).count { Int(labels.voxels[$0]) != $1 }
    #expect(Double(differing) <= 0.002 * Double(offsets.count), place)
  }
}

import Files
import Foundation
import NIfTI
import Plans
import TestSupport
import Testing

@testable import Datasets

/// Protects the equality of preprocessed cases with nnU-Net's, for real cases at the planned spacing and at another.
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

  private func compare(_ result: PreprocessedCase, _ reference: JSONFields, _ comment: Comment) throws {
    #expect(try [result.channels] + result.shape == reference.ints("shape"), comment)
    #expect(try result.properties.boundingBox == reference.intLists("bbox_used_for_cropping"), comment)
    #expect(try result.properties.shapeBeforeCropping == reference.ints("shape_before_cropping"), comment)
    #expect(try result.properties.shapeAfterCropping == reference.ints("shape_after_cropping"), comment)

    let voxelCount = result.shape.reduce(1, *)
    let (means, deviations) = (try reference.doubles("mean"), try reference.doubles("std"))
    let coordinates = try reference.intLists("voxels")
    let offsets = coordinates.map { ($0[0] * result.shape[1] + $0[1]) * result.shape[2] + $0[2] }
    let values = try reference.doubleLists("values")
    for channel in 0..<result.channels {
      let (mean, deviation) = statistics(result.data, channel * voxelCount, voxelCount)
      let tolerance = 1e-3 * deviations[channel]
      #expect(abs(mean - means[channel]) < tolerance, comment)
      #expect(abs(deviation - deviations[channel]) < tolerance, comment)
      let worst = zip(offsets, values[channel]).map { abs(Double(result.data[channel * voxelCount + $0]) - $1) }.max()
      #expect(try #require(worst) < tolerance, comment)
    }

    let labels = try #require(result.labels)
    let counts = self.counts(labels.voxels)
    let expectedCounts = try reference.fields("label_counts")
    for name in Set(counts.keys).union(expectedCounts.object.keys) {
      let expected = try expectedCounts.intIfPresent(name) ?? 0
      let difference = abs(counts[name, default: 0] - expected)
      #expect(Double(difference) <= 0.002 * Double(voxelCount), "\(comment) label \(name)")
    }
    let differing = zip(offsets, try reference.ints("labels")).count { Int(labels.voxels[$0]) != $1 }
    #expect(Double(differing) <= 0.002 * Double(offsets.count), comment)
  }

  // The tests are built without optimization: plain loops over pointers keep millions of voxels quick.

  private func statistics(_ values: [Float], _ start: Int, _ count: Int) -> (mean: Double, deviation: Double) {
    values.withUnsafeBufferPointer { values in
      var (sum, squares, index) = (0.0, 0.0, start)
      while index < start + count {
        let value = Double(values[index])
        sum += value
        squares += value * value
        index += 1
      }
      let mean = sum / Double(count)
      return (mean, (squares / Double(count) - mean * mean).squareRoot())
    }
  }

  private func counts(_ labels: [Int16]) -> [String: Int] {
    var counts = [Int](repeating: 0, count: 65536)
    labels.withUnsafeBufferPointer { labels in
      counts.withUnsafeMutableBufferPointer { counts in
        var index = 0
        while index < labels.count {
          counts[Int(labels[index]) + 32768] += 1
          index += 1
        }
      }
    }
    return counts.indices.reduce(into: [:]) { if counts[$1] > 0 { $0[String($1 - 32768)] = counts[$1] } }
  }
}

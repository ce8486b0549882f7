import Datasets
import Foundation
import NIfTI
import TestSupport
import Testing

@testable import Inference

/// Protects prediction: a network trained by nnU-Net gives nnU-Net's probabilities and labels for whole images.
@Suite(.enabled(if: Golden.isPresent, Comment(rawValue: Golden.absence)))
struct GoldenPredictionTests {
  /// nnU-Net accumulates in 16 bits, so its own probabilities are this far from exact ones.
  static let largestDifference: Float = 2e-2
  static let meanDifference = 2e-3

  @Test func withoutMirroring() throws {
    try check(folder: "no_mirroring", mirrorAxes: [], cases: nil)
  }

  /// Each tile takes eight passes, so only one image is predicted.
  @Test func withMirroring() throws {
    try check(folder: "mirroring", mirrorAxes: [0, 1, 2], cases: 1)
  }

  private func check(folder: String, mirrorAxes: [Int], cases limit: Int?) throws {
    let ensemble = try Ensemble([Model(ModelFolder(Golden.file("prediction")))], options: .init(mirrorAxes: mirrorAxes))
    let cases = try RawCase.find(in: Golden.file("prediction/images"), description: ensemble.dataset)
    #expect(!cases.isEmpty)
    for prediction in try ensemble.predictions(of: Array(cases.prefix(limit ?? cases.count))) {
      let stem = "prediction/\(folder)/\(prediction.name)"
      let expected = try Golden.tensors("\(stem)_probabilities.safetensors")
      #expect(try expected.entry("probabilities").shape == [ensemble.dataset.outputChannels] + prediction.labels.shape)
      let differences = zip(try #require(prediction.probabilities), try expected.floats("probabilities"))
        .map { abs($0 - $1) }
      #expect(differences.max() ?? 1 <= Self.largestDifference, "\(prediction.name)")
      #expect(
        differences.reduce(0) { $0 + Double($1) } / Double(differences.count) <= Self.meanDifference,
        "\(prediction.name)")

      let (labels, geometry) = try NIfTIFile.readLabels(Golden.file(stem + ensemble.dataset.fileEnding))
      for label in ensemble.dataset.foregroundLabels {
        #expect(dice(prediction.labels, labels, label: Int32(label)) >= 0.998, "\(prediction.name), label \(label)")
      }
      #expect(prediction.geometry.shape == geometry.shape)
      for (own, theirs) in zip(prediction.geometry.affine, geometry.affine) { #expect(abs(own - theirs) < 1e-4) }
    }
  }

  private func dice(_ a: Volume<Int32>, _ b: Volume<Int32>, label: Int32) -> Double {
    var both = 0
    var either = 0
    for (x, y) in zip(a.voxels, b.voxels) {
      both += x == label && y == label ? 1 : 0
      either += (x == label ? 1 : 0) + (y == label ? 1 : 0)
    }
    return either == 0 ? 1 : 2 * Double(both) / Double(either)
  }
}

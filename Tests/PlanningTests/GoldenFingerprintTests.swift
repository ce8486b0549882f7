import Datasets
import Foundation
import TestSupport
import Testing

@testable import Planning

/// Protects the equality of fingerprints with nnU-Net's, extracted from the same real data.
@Suite(.enabled(if: RealData.isPresent, Comment(rawValue: RealData.absence)))
struct GoldenFingerprintTests {
  @Test(arguments: RealData.preprocessedDatasets) func fingerprint(datasetName: String) throws {
    let dataset = try RawDataset(RealData.dataset(datasetName))
    let folder = Golden.file("preprocessing/\(datasetName)")
    let expected = try Fingerprint(contentsOf: folder.appendingPathComponent("dataset_fingerprint.json"))
    let fingerprint = try Fingerprint.extract(dataset)
    #expect(fingerprint.spacings == expected.spacings)
    #expect(fingerprint.shapesAfterCrop == expected.shapesAfterCrop)
    #expect(fingerprint.medianRelativeSizeAfterCropping == expected.medianRelativeSizeAfterCropping)
    for (ours, theirs) in zip(fingerprint.intensityProperties, expected.intensityProperties) {
      // NumPy sums a hundred million values in single precision.
      let tolerance = 1e-5 * theirs.standardDeviation
      #expect(abs(ours.mean - theirs.mean) < tolerance)
      #expect(abs(ours.standardDeviation - theirs.standardDeviation) < tolerance)
      #expect(abs(ours.median - theirs.median) < tolerance)
      #expect(abs(ours.percentile005 - theirs.percentile005) < tolerance)
      #expect(abs(ours.percentile995 - theirs.percentile995) < tolerance)
      #expect(ours.minimum == theirs.minimum)
      #expect(ours.maximum == theirs.maximum)
    }
  }
}

import Datasets
import Files
import Foundation
import Imaging
import NIfTI
import Statistics

extension Fingerprint {
  /// The number of intensities drawn for each channel, over all cases together.
  private static let sampleCount = 100_000_000

  /// Reads, checks and summarizes all training cases.
  ///
  /// Intensity statistics come from a random sample of the foreground voxels, drawn with nnU-Net's generator and seed.
  /// Several cases are read at a time.
  ///
  /// - Parameters:
  ///   - dataset: The data set.
  ///   - progress: Called after each case with the number of finished cases.
  /// - Throws: `InputError` naming the file at fault, or when no label map shows any foreground.
  public static func extract(
    _ dataset: RawDataset, progress: (@Sendable (_ finished: Int, _ caseName: String) -> Void)? = nil
  ) throws -> Fingerprint {
    let draws = sampleCount / dataset.cases.count
    let cases = try dataset.mapCases(progress: progress) { rawCase in
      CaseSummary(try LoadedCase(rawCase, dataset.description), draws: draws)
    }
    let channels = try dataset.description.channelNames.indices.map { channel in
      let values = WeightedValues(merging: cases.map { $0.intensities[channel] })
      guard !values.isEmpty else {
        throw InputError(
          dataset.folder.appendingPathComponent("labelsTr").path, found: "no foreground voxel in any label map",
          expected: "labels above 0")
      }
      return values.intensityProperties
    }
    return Fingerprint(
      spacings: cases.map(\.spacing), shapesAfterCrop: cases.map(\.shapeAfterCrop), intensityProperties: channels,
      medianRelativeSizeAfterCropping: Quantile.median(cases.map(\.relativeSize)))
  }
}

/// What one case contributes to the fingerprint.
private struct CaseSummary: Sendable {
  let spacing: [Double]
  let shapeAfterCrop: [Int]
  let relativeSize: Double
  /// Sampled foreground intensities, one set for each channel.
  let intensities: [WeightedValues]

  init(_ loaded: LoadedCase, draws: Int) {
    let volumes = loaded.images.map(\.volume)
    let region = NonzeroRegion(volumes, labels: loaded.labels)
    spacing = loaded.geometry.spacing
    shapeAfterCrop = region.box.shape
    relativeSize = Double(shapeAfterCrop.reduce(1, *)) / Double(loaded.geometry.shape.reduce(1, *))
    let foreground = region.labels.voxels.indices.filter { region.labels.voxels[$0] > 0 }
    // As in nnU-Net, the channels of a case share one stream of random numbers.
    var random = NumPyRandom(seed: 1234)
    intensities = volumes.map { volume in
      if foreground.isEmpty { return WeightedValues() }
      let cropped = volume.cropped(to: region.box).voxels
      return WeightedValues(drawing: draws, from: foreground.map { cropped[$0] }, using: &random)
    }
  }
}

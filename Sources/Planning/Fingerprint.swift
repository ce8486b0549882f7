import Datasets
import Files
import Foundation
import Plans

/// The properties of a data set that its plan depends on: nnU-Net's `dataset_fingerprint.json`.
///
/// Axes are in the order of the files, (z, y, x).
public struct Fingerprint: Sendable, Equatable {
  /// Voxel spacing of each case in mm.
  public var spacings: [[Double]]
  /// Shape of each case in voxels, after cropping to its nonzero region.
  public var shapesAfterCrop: [[Int]]
  /// Intensity statistics of the foreground voxels, one for each channel.
  public var intensityProperties: [IntensityProperties]
  /// The median over all cases of (voxels after cropping) / (voxels before).
  public var medianRelativeSizeAfterCropping: Double

  /// Creates a fingerprint from its parts.
  public init(
    spacings: [[Double]], shapesAfterCrop: [[Int]], intensityProperties: [IntensityProperties],
    medianRelativeSizeAfterCropping: Double
  ) {
    self.spacings = spacings
    self.shapesAfterCrop = shapesAfterCrop
    self.intensityProperties = intensityProperties
    self.medianRelativeSizeAfterCropping = medianRelativeSizeAfterCropping
  }

  /// Reads a `dataset_fingerprint.json`.
  ///
  /// - Throws: `InputError` naming the file and the key at fault.
  public init(contentsOf url: URL) throws {
    let fields = try JSONFields(JSON.read(url), file: url.path)
    spacings = try fields.doubleLists("spacings")
    shapesAfterCrop = try fields.intLists("shapes_after_crop")
    intensityProperties = try IntensityProperties.list(fields.fields("foreground_intensity_properties_per_channel"))
    medianRelativeSizeAfterCropping = try fields.double("median_relative_size_after_cropping")
    guard !spacings.isEmpty, spacings.count == shapesAfterCrop.count else {
      throw fields.error(
        "spacings", found: "\(spacings.count) spacings and \(shapesAfterCrop.count) shapes",
        expected: "one of each for every case")
    }
    guard spacings.allSatisfy({ $0.count == 3 && $0.allSatisfy { $0 > 1e-6 && $0 < 1e6 } }) else {
      throw fields.error(
        "spacings", found: "an unusable spacing", expected: "three positive numbers in mm for each case")
    }
    guard shapesAfterCrop.allSatisfy({ $0.count == 3 && $0.allSatisfy { (1...100_000).contains($0) } }) else {
      throw fields.error(
        "shapes_after_crop", found: "an unusable shape", expected: "three positive numbers of voxels for each case")
    }
  }

  /// Writes a `dataset_fingerprint.json` in nnU-Net's schema, replacing the file as a whole.
  ///
  /// - Throws: `InputError` when the file cannot be written.
  public func write(to url: URL) throws {
    let document = JSON.object(
      JSONObject([
        ("foreground_intensity_properties_per_channel", IntensityProperties.json(intensityProperties)),
        ("median_relative_size_after_cropping", .number(medianRelativeSizeAfterCropping)),
        ("shapes_after_crop", .array(shapesAfterCrop.map(JSON.integers))),
        ("spacings", .array(spacings.map(JSON.numbers))),
      ]))
    try AtomicFile.replace(url, with: document.text)
  }
}

import Files

/// Statistics of one channel's foreground voxels over the whole data set, in the units of the image files.
///
/// Only CT normalization uses them. They follow nnU-Net's `foreground_intensity_properties_per_channel`.
public struct IntensityProperties: Sendable, Equatable {
  /// The largest value, `max` in the file.
  public var maximum: Double
  /// The arithmetic mean.
  public var mean: Double
  /// The 50th percentile.
  public var median: Double
  /// The smallest value, `min` in the file.
  public var minimum: Double
  /// The 0.5th percentile, `percentile_00_5` in the file: CT normalization clips below it.
  public var percentile005: Double
  /// The 99.5th percentile, `percentile_99_5` in the file: CT normalization clips above it.
  public var percentile995: Double
  /// The population standard deviation, `std` in the file.
  public var standardDeviation: Double

  /// Creates the statistics of one channel.
  public init(
    maximum: Double, mean: Double, median: Double, minimum: Double, percentile005: Double, percentile995: Double,
    standardDeviation: Double
  ) {
    self.maximum = maximum
    self.mean = mean
    self.median = median
    self.minimum = minimum
    self.percentile005 = percentile005
    self.percentile995 = percentile995
    self.standardDeviation = standardDeviation
  }

  /// Reads an object with the members `"0"`, `"1"`, …, one for each channel.
  ///
  /// - Returns: The statistics in channel order.
  /// - Throws: `InputError` naming the key that is missing or unusable.
  public static func list(_ fields: JSONFields) throws -> [IntensityProperties] {
    try fields.object.keys.indices.map { try IntensityProperties(fields.fields(String($0))) }
  }

  /// The object that `list(_:)` reads.
  public static func json(_ list: [IntensityProperties]) -> JSON {
    .object(JSONObject(list.enumerated().map { (String($0), $1.json) }))
  }

  private init(_ fields: JSONFields) throws {
    maximum = try fields.double("max")
    mean = try fields.double("mean")
    median = try fields.double("median")
    minimum = try fields.double("min")
    percentile005 = try fields.double("percentile_00_5")
    percentile995 = try fields.double("percentile_99_5")
    standardDeviation = try fields.double("std")
  }

  private var json: JSON {
    .object(
      JSONObject([
        ("max", .number(maximum)), ("mean", .number(mean)), ("median", .number(median)), ("min", .number(minimum)),
        ("percentile_00_5", .number(percentile005)), ("percentile_99_5", .number(percentile995)),
        ("std", .number(standardDeviation)),
      ]))
  }
}

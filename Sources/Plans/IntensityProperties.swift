import Files

/// Statistics of one channel's foreground voxels over the whole data set; CT normalization uses them.
public struct IntensityProperties: Sendable, Equatable {
  public var maximum: Double
  public var mean: Double
  public var median: Double
  public var minimum: Double
  public var percentile005: Double
  public var percentile995: Double
  public var standardDeviation: Double

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

  /// Reads the channels `"0"`, `"1"`, … in their order.
  public static func list(_ fields: JSONFields) throws -> [IntensityProperties] {
    try fields.object.keys.indices.map { try IntensityProperties(fields.fields(String($0))) }
  }

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

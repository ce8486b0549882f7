import Files

/// The `interactions` object of a plan's `training`: a small network that learns weights of samples.
public struct InteractionSettings: Sendable, Equatable {
  /// The number of hidden units; key `units`.
  public var units = 32
  /// The learning rate of the small network, in Adam; key `learning_rate`.
  public var learningRate = 0.001

  /// Creates the default settings.
  public init() {}

  /// - Throws: `InputError` for values out of range and for unknown keys.
  init(_ fields: JSONFields) throws {
    try fields.allow(["units", "learning_rate"])
    units = try fields.int("units", default: units, in: 1...4096)
    learningRate = try fields.double("learning_rate", default: learningRate, in: 0...10)
  }

  var json: JSON {
    .object(JSONObject([("units", .integer(units)), ("learning_rate", .number(learningRate))]))
  }
}

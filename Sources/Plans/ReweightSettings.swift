import Files

/// The `reweight` object of a plan's `training`: weights of samples that are learned from clean cases.
public struct ReweightSettings: Sendable, Equatable {
  /// The decay γ of each case's moving average, at least 0 and less than 1; key `memory`. 0 for the paper's weights,
  /// which know nothing but the batch.
  public var memory = 0.0
  /// Whether cases are drawn by their averages, where their losses would otherwise be weighted; key `draws`.
  public var draws = false

  /// Creates the paper's weights.
  public init() {}

  /// - Throws: `InputError` for values out of range, for draws without a memory, and for unknown keys.
  init(_ fields: JSONFields) throws {
    try fields.allow(["memory", "draws"])
    memory = try fields.double("memory", default: memory, in: 0...0.9999)
    draws = try fields.boolIfPresent("draws") ?? draws
    guard !draws || memory > 0 else {
      throw fields.error("draws", found: "true", expected: "a memory above 0 beside it, such as 0.9")
    }
  }

  var json: JSON { .object(JSONObject([("memory", .number(memory)), ("draws", .bool(draws))])) }
}

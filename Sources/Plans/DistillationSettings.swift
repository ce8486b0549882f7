import Files

/// The `distillation` object of a plan's `training`: how much a student learns from a teacher.
public struct DistillationSettings: Sendable, Equatable {
  /// What the distillation loss is multiplied by before it is added to the loss; key `weight`.
  public var weight = 0.5
  /// The temperature of the probabilities; key `temperature`.
  public var temperature = 2.0
  /// Whether samples are weighted by their group, the more the worse the group is distilled; key `groups`.
  public var groups = false
  /// The step size η of the weights of the groups; key `step_size`.
  public var stepSize = 0.01
  /// The constant C of the generalization adjustment C / √n of a group of n cases; key `adjustment`.
  public var adjustment = 0.0

  /// Creates plain distillation.
  public init() {}

  /// - Throws: `InputError` for values out of range and for unknown keys.
  init(_ fields: JSONFields) throws {
    try fields.allow(["weight", "temperature", "groups", "step_size", "adjustment"])
    weight = try fields.double("weight", default: weight, in: 0...1e6)
    temperature = try fields.double("temperature", default: temperature, in: 0.01...1000)
    groups = try fields.boolIfPresent("groups") ?? groups
    stepSize = try fields.double("step_size", default: stepSize, in: 0...1e9)
    adjustment = try fields.double("adjustment", default: adjustment, in: 0...1e9)
  }

  var json: JSON {
    .object(
      JSONObject([
        ("weight", .number(weight)), ("temperature", .number(temperature)), ("groups", .bool(groups)),
        ("step_size", .number(stepSize)), ("adjustment", .number(adjustment)),
      ]))
  }
}

/// How a plan wants training cases drawn.
public struct SamplerSettings: Sendable, Equatable {
  public enum Name: String, Sendable, CaseIterable {
    /// Every case equally often, as nnU-Net does.
    case uniform
    /// Cases with a high loss more often (Fidon et al., hardness weighted sampling).
    case hardness
  }

  public var name = Name.uniform
  /// How strongly hard cases are preferred; 0 is uniform.
  public var beta = 100.0
  /// The loss a case has before it was first seen. Above every real loss, it makes the first sweep visit all cases.
  public var initialLoss = 2.0
  /// Share of the old loss kept when a new one is recorded; at least 0, less than 1.
  public var momentum = 0.0
  /// The least probability of a case, in units of 1/n.
  public var floor = 1e-4
  /// Whether a batch may hold a case twice.
  public var replacement = false

  public init() {}

  /// - Throws: `InputError` for unknown keys and for values out of range.
  init(_ fields: JSONFields) throws {
    try fields.allow(["name", "beta", "initial_loss", "momentum", "floor", "replacement"])
    if let text = try fields.stringIfPresent("name") {
      guard let name = Name(rawValue: text) else {
        throw fields.error(
          "name", found: "the sampler \"\(text)\"",
          expected: Name.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: " or "))
      }
      self.name = name
    }
    beta = try fields.double("beta", default: beta, in: 0...1e9)
    initialLoss = try fields.double("initial_loss", default: initialLoss, in: -1e9...1e9)
    momentum = try fields.double("momentum", default: momentum, in: 0...0.999999)
    floor = try fields.double("floor", default: floor, in: 0...1)
    replacement = try fields.boolIfPresent("replacement") ?? replacement
  }

  var json: JSON {
    .object(
      JSONObject([
        ("name", .string(name.rawValue)), ("beta", .number(beta)), ("initial_loss", .number(initialLoss)),
        ("momentum", .number(momentum)), ("floor", .number(floor)), ("replacement", .bool(replacement)),
      ]))
  }
}

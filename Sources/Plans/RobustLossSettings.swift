import Files
import UNet

/// The `robust_loss` object of a plan's `training`: what replaces the cross-entropy where labels may be wrong.
public struct RobustLossSettings: Sendable, Equatable {
  /// The form of the loss; key `kind`, "generalized" by default.
  public var kind: RobustCrossEntropy.Kind
  /// The parameter of the loss, or what it starts from; key `parameter`. The default depends on the kind.
  public var parameter: Double
  /// Whether the parameter is learned on clean cases; key `adaptive`.
  public var adaptive = false
  /// How far a step may move the unconstrained parameter that is learned; key `learning_rate`.
  public var learningRate = 0.01

  /// Creates a loss with its default parameter.
  public init(_ kind: RobustCrossEntropy.Kind = .generalized) {
    self.kind = kind
    parameter =
      switch kind {
      // The papers' values, where they have one for all data.
      case .generalized: 0.7
      case .symmetric: 0.5
      case .biTempered: 0.8
      case .polynomial: 5
      }
  }

  /// - Throws: `InputError` for values out of range and for unknown keys.
  init(_ fields: JSONFields) throws {
    try fields.allow(["kind", "parameter", "adaptive", "learning_rate"])
    self.init(try fields.choice("kind", default: .generalized))
    adaptive = try fields.boolIfPresent("adaptive") ?? adaptive
    parameter = try fields.double("parameter", default: parameter, in: adaptive ? kind.learnedRange : kind.range)
    learningRate = try fields.double("learning_rate", default: learningRate, in: 0...10)
  }

  var json: JSON {
    .object(
      JSONObject([
        ("kind", .string(kind.rawValue)), ("parameter", .number(parameter)), ("adaptive", .bool(adaptive)),
        ("learning_rate", .number(learningRate)),
      ]))
  }
}

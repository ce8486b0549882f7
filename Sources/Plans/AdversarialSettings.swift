import Files

/// The `adversarial` object of a plan's `training`: perturbations of the acquisition that raise the loss.
public struct AdversarialSettings: Sendable, Equatable {
  /// How perturbations are found.
  public enum Mode: String, Sendable, CaseIterable {
    /// Each case keeps the parameters of each kind, which climb by a step of their own in every training step.
    case ascent
    /// Of several draws, the one with the largest loss.
    case worstOf = "worst-of"
  }

  /// The kinds of perturbations, which leave labels where they are.
  public enum Kind: String, Sendable, CaseIterable {
    case contrast, inversion, bias, noise, slices, ghosting
  }

  /// How perturbations are found; key `mode`.
  public var mode = Mode.ascent
  /// The kinds, of which each sample gets one; key `kinds`, a list.
  public var kinds = Kind.allCases
  /// The size of the perturbation sets, from 0, where images stay as they are, to 1; key `severity`.
  public var severity = 0.5
  /// The probability that a sample is perturbed; key `share`.
  public var share = 0.5
  /// By how much each parameter moves in a step of the ascent, where its bounds are -1 and 1; key `step_size`.
  public var stepSize = 0.2
  /// How many perturbations are drawn for each sample in mode `worst-of`; key `tries`.
  public var tries = 2

  /// Creates an ascent in all kinds.
  public init() {}

  /// - Throws: `InputError` for values out of range and for unknown keys.
  init(_ fields: JSONFields) throws {
    try fields.allow(["mode", "kinds", "severity", "share", "step_size", "tries"])
    mode = try fields.choice("mode", default: mode)
    severity = try fields.double("severity", default: severity, in: 0...1)
    share = try fields.double("share", default: share, in: 0...1)
    stepSize = try fields.double("step_size", default: stepSize, in: 0...2)
    tries = try fields.int("tries", default: tries, in: 1...1000)
    guard let names = try fields.stringsIfPresent("kinds") else { return }
    kinds = names.compactMap(Kind.init)
    guard !kinds.isEmpty, kinds.count == names.count, Set(kinds).count == kinds.count else {
      throw fields.error(
        "kinds", found: names.isEmpty ? "an empty list" : names.joined(separator: ", "),
        expected: "some of \(Kind.allCases.map(\.rawValue).joined(separator: ", ")), each once",
        advice: names.contains("affine") ? "Turned and scaled patients are part of nnU-Net's augmentation." : nil)
    }
  }

  var json: JSON {
    .object(
      JSONObject([
        ("mode", .string(mode.rawValue)), ("kinds", .array(kinds.map { .string($0.rawValue) })),
        ("severity", .number(severity)), ("share", .number(share)), ("step_size", .number(stepSize)),
        ("tries", .integer(tries)),
      ]))
  }
}

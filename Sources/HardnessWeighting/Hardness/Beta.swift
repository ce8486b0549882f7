/// How strongly a hardness weighted sampler favors hard cases.
public enum Beta: Sendable, Equatable {
  /// β itself, at least 0: 0 is uniform, `.infinity` draws the hardest case alone. It has a meaning only beside the spread of the losses:
  /// with normal losses of standard deviation s, the effective sample size is n · exp(−(β s)²) while that is large.
  case fixed(Double)
  /// β is adapted so that the effective sample size stays this share of the number of cases, above 0 and at most 1. As all cases are
  /// learnt and their losses draw together, β rises; it says how many patients to concentrate on rather than how steeply.
  case effectiveSampleSize(Double)

  /// Reads `100`, `inf` or `ess:0.3`; nil for anything else.
  public init?(_ text: String) {
    if text.hasPrefix("ess:") {
      guard let share = Double(text.dropFirst(4)) else { return nil }
      self = .effectiveSampleSize(share)
    } else {
      guard let beta = Double(text) else { return nil }
      self = .fixed(beta)
    }
    guard (try? validate()) != nil else { return nil }
  }

  func validate() throws {
    switch self {
    case .fixed(let beta):
      guard beta >= 0 else { throw SamplerError.setting("beta", beta, expected: "0 or more") }
    case .effectiveSampleSize(let share):
      guard share > 0, share <= 1 else {
        throw SamplerError.setting(
          "the share of the effective sample size", share, expected: "above 0 and at most 1")
      }
    }
  }
}

extension Beta: CustomStringConvertible {
  public var description: String {
    switch self {
    case .fixed(let beta): "\(beta)"
    case .effectiveSampleSize(let share): "ess:\(share)"
    }
  }
}

extension Beta: Codable {
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    guard let beta = Beta(try container.decode(String.self)) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "no beta")
    }
    self = beta
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}

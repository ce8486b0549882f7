/// How strongly a hardness-weighted sampler favors hard cases.
///
/// β is the inverse temperature of the softmax that the sampler draws from:
///
///     p_i = exp(β · loss_i) / Σ_j exp(β · loss_j)
public enum Beta: Sendable, Equatable {
  /// A constant β of at least 0.
  ///
  /// 0 draws uniformly, `.infinity` draws the hardest case alone. Any other value has a meaning only relative to
  /// the spread of the losses: if they are normally distributed with standard deviation s, the effective sample
  /// size of n cases is about n · exp(−(β · s)²), as long as that is large.
  case fixed(Double)

  /// A β that keeps the effective sample size at a given share of the number of cases.
  ///
  /// β is adapted to the losses such that, for n cases,
  ///
  ///     1 / Σ p_i² = share · n,   0 < share ≤ 1
  ///
  /// The share says on how many cases training concentrates, in any unit of the loss. β rises as all cases are
  /// learned and their losses draw together.
  case effectiveSampleSize(Double)

  /// Creates a value from text such as `100`, `inf` or `ess:0.3`.
  ///
  /// Returns `nil` for any other text, and for a number outside the range of its case.
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
  /// The text from which ``init(_:)`` creates the same value.
  public var description: String {
    switch self {
    case .fixed(let beta): "\(beta)"
    case .effectiveSampleSize(let share): "ess:\(share)"
    }
  }
}

extension Beta: Codable {
  /// Decodes the text of ``description``.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    guard let beta = Beta(try container.decode(String.self)) else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "Expected a beta such as 100, inf or ess:0.3.")
    }
    self = beta
  }

  /// Encodes ``description``, because JSON has no number for infinity.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}

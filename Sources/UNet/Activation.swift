/// What follows a normalisation: max(x, 0), or max(x, slope · x).
public enum Activation: Sendable, Equatable, Codable {
  case relu
  case leakyReLU(slope: Float)

  /// Slope below zero.
  public var negativeSlope: Float {
    switch self {
    case .relu: 0
    case .leakyReLU(let slope): slope
    }
  }
}

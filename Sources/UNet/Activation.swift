import Foundation
import Tensors
import Threads

/// What follows a normalization, by PyTorch's definitions.
public enum Activation: Sendable, Equatable, Codable {
  case relu
  /// max(x, slope · x); the slope is not negative.
  case leakyReLU(slope: Float)
  /// x where positive, elsewhere alpha (eˣ - 1).
  case elu(alpha: Float)
  /// x Φ(x), with the normal distribution's Φ itself and not an approximation.
  case gelu
  /// x σ(x).
  case silu
  /// x tanh(ln(1 + eˣ)).
  case mish

  /// Slope below zero of the piecewise linear ones; `nil` for the others.
  var slope: Float? {
    switch self {
    case .relu: 0
    case .leakyReLU(let slope): slope
    case .elu, .gelu, .silu, .mish: nil
    }
  }
}

extension Activation {
  /// `output = f(input)`; both may be one tensor.
  func forward(_ input: Tensor, _ output: Tensor) {
    switch self {
    case .relu: Self.map(input, output) { x, _ in max(x, 0) }
    case .leakyReLU(let slope): Self.map(input, output) { x, _ in x > 0 ? x : slope * x }
    case .elu(let alpha): Self.map(input, output) { x, _ in x > 0 ? x : alpha * expm1f(x) }
    case .gelu: Self.map(input, output) { x, _ in x * Self.normalDistribution(x) }
    case .silu: Self.map(input, output) { x, _ in x * Self.sigmoid(x) }
    case .mish: Self.map(input, output) { x, _ in x * tanhf(Self.softplus(x)) }
    }
  }

  /// `gradient *= f'(input)`. For the piecewise linear ones the output, of the same sign, may stand in for the input.
  func backward(input: Tensor, gradient: Tensor) {
    switch self {
    case .relu: Self.map(input, gradient) { x, g in x > 0 ? g : 0 }
    case .leakyReLU(let slope): Self.map(input, gradient) { x, g in x > 0 ? g : slope * g }
    case .elu(let alpha): Self.map(input, gradient) { x, g in x > 0 ? g : alpha * expf(x) * g }
    case .gelu:
      Self.map(input, gradient) { x, g in
        let density = expf(-x * x / 2) / Float(2 * Double.pi).squareRoot()
        return g * (Self.normalDistribution(x) + x * density)
      }
    case .silu:
      Self.map(input, gradient) { x, g in
        let s = Self.sigmoid(x)
        return g * (s + x * s * (1 - s))
      }
    case .mish:
      Self.map(input, gradient) { x, g in
        let t = tanhf(Self.softplus(x))
        return g * (t + x * (1 - t * t) * Self.sigmoid(x))
      }
    }
  }

  private static func normalDistribution(_ x: Float) -> Float { erfcf(-x / Float(2).squareRoot()) / 2 }
  private static func sigmoid(_ x: Float) -> Float { 1 / (1 + expf(-x)) }
  private static func softplus(_ x: Float) -> Float { max(x, 0) + log1pf(expf(-abs(x))) }

  /// `target = f(source, target)`, element by element.
  @inline(__always)
  private static func map(_ source: Tensor, _ target: Tensor, _ f: @Sendable (Float, Float) -> Float) {
    switch target.precision {
    case .float32: map(of: Float.self, source, target, f)
    case .bfloat16: map(of: BFloat16.self, source, target, f)
    }
  }

  @inline(__always)
  private static func map<Number: Element>(
    of type: Number.Type, _ source: Tensor, _ target: Tensor, _ f: @Sendable (Float, Float) -> Float
  ) {
    let (s, t) = (SharedPointer(source.pointer(type)), SharedPointer(target.pointer(type)))
    Parallel.chunks(target.count, size: 1 << 14) {
      for i in $0 { t.pointer[i] = Number(f(s.pointer[i].float, t.pointer[i].float)) }
    }
  }
}

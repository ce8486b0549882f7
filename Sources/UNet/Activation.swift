import Foundation
import Tensors
import Threads

/// The nonlinearity that follows a normalization, as PyTorch defines it.
public enum Activation: Sendable, Equatable, Codable {
  /// `x` where x > 0, otherwise 0.
  case relu
  /// `x` where x > 0, otherwise `slope * x`. The slope must not be negative.
  case leakyReLU(slope: Float)
  /// `x` where x > 0, otherwise `alpha * (exp(x) - 1)`. Alpha must not be negative.
  case elu(alpha: Float)
  /// `x * Φ(x)`, where Φ is the exact distribution function of the standard normal distribution,
  /// not the approximation by tanh.
  case gelu
  /// `x * σ(x)`, where `σ(x) = 1 / (1 + exp(-x))`.
  case silu
  /// `x * tanh(log(1 + exp(x)))`.
  case mish

  /// The slope for x ≤ 0 of a piecewise linear activation; `nil` for the others.
  var slope: Float? {
    switch self {
    case .relu: 0
    case .leakyReLU(let slope): slope
    case .elu, .gelu, .silu, .mish: nil
    }
  }
}

extension Activation {
  /// Computes `output = f(input)`. Both may be the same tensor.
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

  /// Computes `gradient *= f'(input)`: turns the gradient with respect to the output into the one
  /// with respect to the input.
  ///
  /// For a piecewise linear activation the output can be passed as `input`: f' depends on x > 0
  /// alone, and f(x) > 0 exactly where x > 0.
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

  /// Computes `target = f(source, target)` for each element.
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

import Tensors

/// A weight or bias with its gradient.
///
/// Weights are kept (a, kz, ky, kx, b), channels last; files keep PyTorch's (a, b, kz, ky, kx). For a convolution a is
/// the output channel and b the input channel, for a transposed convolution the other way round.
public final class Parameter {
  /// nnU-Net's name, as in its state dict.
  public let name: String
  public let value: Tensor
  public let gradient: Tensor
  /// Whether the last backward pass reached it. One it did not is left alone by the optimizer, its weight decay too.
  public internal(set) var hasGradient = true
  /// Shape in PyTorch's order.
  public let fileShape: [Int]

  init(_ name: String, shape: [Int]) {
    self.name = name
    value = Tensor(shape)
    gradient = Tensor(shape)
    fileShape = shape.count == 5 ? [shape[0], shape[4], shape[1], shape[2], shape[3]] : shape
  }

  /// Sets a layer's gradients to the sum of those of its parts, which follow each other in memory: a weight's, then a bias's.
  static func setGradients(
    of weight: Parameter, _ bias: Parameter, toSumOf partial: UnsafePointer<Float>, parts: Int
  ) {
    var source = partial
    for part in 0..<parts {
      for gradient in [weight.gradient, bias.gradient] {
        if part == 0 { gradient.fill(0) }
        for i in 0..<gradient.count { gradient.pointer[i] += source[i] }
        source += gradient.count
      }
    }
  }

  /// A tensor of this parameter's shape, in PyTorch's order.
  func inFileOrder(_ tensor: Tensor) -> [Float] { permuted(tensor.elements, toFile: true) }

  /// Elements in PyTorch's order, in ours.
  func fromFileOrder(_ elements: [Float]) -> [Float] { permuted(elements, toFile: false) }

  private func permuted(_ elements: [Float], toFile: Bool) -> [Float] {
    guard fileShape.count == 5 else { return elements }
    let (outer, inner) = (fileShape[0], fileShape[1])
    let positions = fileShape[2] * fileShape[3] * fileShape[4]
    var result = elements
    for a in 0..<outer {
      for b in 0..<inner {
        for k in 0..<positions {
          let ours = (a * positions + k) * inner + b
          let file = (a * inner + b) * positions + k
          if toFile { result[file] = elements[ours] } else { result[ours] = elements[file] }
        }
      }
    }
    return result
  }
}

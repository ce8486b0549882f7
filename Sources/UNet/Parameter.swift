import Tensors

/// A trained tensor of the network, for example a weight or a bias, and its gradient.
///
/// The weights of convolutions are stored channels-last, (a, kz, ky, kx, b). Files have PyTorch's
/// order, (a, b, kz, ky, kx). For a convolution, a is the output channel and b the input channel;
/// for a transposed convolution it is the other way round.
public final class Parameter {
  /// nnU-Net's name, as in its state dict.
  public let name: String
  /// The current value, in 32-bit floats.
  public let value: Tensor
  /// The gradient of the loss with respect to the value, set by ``Network/backward()``.
  public let gradient: Tensor
  /// Whether the last backward pass set the gradient.
  ///
  /// If not, the optimizer leaves the parameter as it is and applies no weight decay either.
  public internal(set) var hasGradient = true
  /// The shape in PyTorch's order.
  public let fileShape: [Int]

  init(_ name: String, shape: [Int]) {
    self.name = name
    value = Tensor(shape)
    gradient = Tensor(shape)
    fileShape = shape.count == 5 ? [shape[0], shape[4], shape[1], shape[2], shape[3]] : shape
  }

  /// Sets the gradients of a layer to the sum of the gradients that were computed in parts.
  ///
  /// - Parameter partial: For each part the gradient of the weight followed by the gradient of the
  ///   bias.
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

  /// Returns the elements of a tensor of this parameter's shape in PyTorch's order.
  func inFileOrder(_ tensor: Tensor) -> [Float] { permuted(tensor.elements, toFile: true) }

  /// Returns elements that are in PyTorch's order in the order of `value`.
  func fromFileOrder(_ elements: [Float]) -> [Float] { permuted(elements, toFile: false) }

  private func permuted(_ elements: [Float], toFile: Bool) -> [Float] {
    guard fileShape.count == 5 else { return elements }
    let (outer, inner) = (fileShape[0], fileShape[1])
    let positions = fileShape[2] * fileShape[3] * fileShape[4]
    var result = elements
    for a in 0..<outer {
      for b in 0..<inner {
        for k in 0..<positions {
          let inMemory = (a * positions + k) * inner + b
          let inFile = (a * inner + b) * positions + k
          if toFile { result[inFile] = elements[inMemory] } else { result[inMemory] = elements[inFile] }
        }
      }
    }
    return result
  }
}

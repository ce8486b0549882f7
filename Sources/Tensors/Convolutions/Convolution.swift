import Files

/// A convolution of fixed shape, computed by one of the engines. Tensors are channels last, weights (out, kz, ky, kx, in).
///
/// Input and output are of the precision it was made for, weights, bias and their gradients 32-bit floats. An instance computes one
/// thing at a time.
public protocol Convolution: AnyObject {
  var shape: ConvolutionShape { get }
  /// Brings weights to the form in which `forward` needs them; it goes by them until the next call. A gradient by the input undoes this.
  func prepare(weights: Tensor)
  /// `output = input * weights + bias`, with the weights of `prepare`.
  func forward(input: Tensor, bias: Tensor, output: Tensor)
  /// Overwrites `inputGradient` with the gradient by the input.
  func backwardInput(outputGradient: Tensor, weights: Tensor, inputGradient: Tensor)
  /// Overwrites `weightGradient` and `biasGradient` with the gradients by the weights and the bias.
  func backwardWeights(input: Tensor, outputGradient: Tensor, weightGradient: Tensor, biasGradient: Tensor)
}

/// Who computes the convolutions.
public enum Engine: String, Sendable, CaseIterable {
  /// For each shape the faster, as measured: Winograd where it applies, oneDNN elsewhere.
  case auto
  /// Matrix products on BLAS, by Winograd's transform or im2col.
  case blas
  /// oneDNN.
  case onednn

  /// A convolution of this engine.
  ///
  /// - Parameter scratch: Memory that convolutions which do not compute at the same time can share.
  /// - Throws: `InputError` when the precision is not to be had; `OneDNNError` when oneDNN cannot compute the shape.
  public func convolution(
    _ shape: ConvolutionShape, precision: Precision = .float32, scratch: ScratchPool = ScratchPool()
  ) throws -> any Convolution {
    try check(precision)
    if self != .onednn, WinogradConvolution.suits(shape) {
      return WinogradConvolution(shape, precision: precision, scratch: scratch)
    }
    return self == .blas
      ? Im2ColConvolution(shape, scratch: scratch) : try OneDNNConvolution(shape, precision: precision)
  }

  /// Finds out early whether `convolution` can be of a precision.
  ///
  /// - Throws: `InputError` with the reason when it cannot.
  public func check(_ precision: Precision) throws {
    guard precision.isNative else {
      throw InputError(
        "precision", found: "bfloat16",
        expected: "a processor that multiplies it (AVX-512 BF16), which this one does not",
        advice: "Use --precision float32, or build hwsseg on the machine it is to run on.")
    }
    if self == .blas, precision == .bfloat16 {
      throw InputError(
        "precision", found: "bfloat16 with --engine blas, which has no such products", expected: "float32",
        advice: "Use --engine auto or onednn.")
    }
  }
}

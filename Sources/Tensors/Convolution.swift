/// A convolution of fixed shape, computed by one of the engines. Tensors are channels last, weights (out, kz, ky, kx, in).
///
/// An instance owns scratch memory: it computes one thing at a time.
public protocol Convolution: AnyObject {
  var shape: ConvolutionShape { get }
  /// `output = input * weights + bias`.
  func forward(input: Tensor, weights: Tensor, bias: Tensor, output: Tensor)
  /// Overwrites `inputGradient` with the gradient by the input.
  func backwardInput(outputGradient: Tensor, weights: Tensor, inputGradient: Tensor)
  /// Overwrites `weightGradient` and `biasGradient` with the gradients by the weights and the bias.
  func backwardWeights(input: Tensor, outputGradient: Tensor, weightGradient: Tensor, biasGradient: Tensor)
}

/// Who computes the convolutions.
public enum Engine: String, Sendable, CaseIterable {
  /// For each shape the faster of the two, as measured: Winograd where it applies, oneDNN elsewhere.
  case auto
  /// Matrix products on BLAS, by Winograd's transform or im2col.
  case blas
  /// oneDNN.
  case onednn

  /// A convolution of this engine.
  ///
  /// - Throws: `OneDNNError` when oneDNN cannot compute the shape.
  public func convolution(_ shape: ConvolutionShape) throws -> any Convolution {
    if self != .onednn, WinogradConvolution.suits(shape) { return WinogradConvolution(shape) }
    return self == .blas ? Im2ColConvolution(shape) : try OneDNNConvolution(shape)
  }
}

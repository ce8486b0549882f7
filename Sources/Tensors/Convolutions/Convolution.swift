/// A three-dimensional convolution of fixed shape, computed by one of the engines.
///
/// Inputs and outputs are N D H W C tensors of the precision that the convolution was created with.
/// Weights (out, kz, ky, kx, in), the bias and their gradients are 32-bit floats. Do not call an
/// instance from two threads at once.
public protocol Convolution: AnyObject {
  /// The shape that was fixed when the convolution was created.
  var shape: ConvolutionShape { get }
  /// What computes the forward pass, for a person to read.
  var implementation: String { get }
  /// Rearranges the weights for ``forward(input:bias:output:)``.
  ///
  /// Call it again after the weights have changed, and after
  /// ``backwardInput(outputGradient:weights:inputGradient:)``, which reuses the memory of the
  /// rearranged weights.
  func prepare(weights: Tensor)
  /// Overwrites `output` with `input * weights + bias`, for the weights last passed to ``prepare(weights:)``.
  func forward(input: Tensor, bias: Tensor, output: Tensor)
  /// Overwrites `inputGradient` with the gradient with respect to the input.
  func backwardInput(outputGradient: Tensor, weights: Tensor, inputGradient: Tensor)
  /// Overwrites `weightGradient` and `biasGradient` with the gradients with respect to the weights
  /// and the bias.
  func backwardWeights(input: Tensor, outputGradient: Tensor, weightGradient: Tensor, biasGradient: Tensor)
}

import Tensors

/// One link of a stage's chain: convolution, normalization and activation, by themselves or twice with a short cut
/// around.
protocol Block: Features {
  /// What the optimizer trains, in PyTorch's order.
  var parameters: [Parameter] { get }
  /// What is saved beside the parameters but not trained.
  var buffers: [Parameter] { get }
  /// Multiplications and additions of a forward pass's convolutions by definition.
  var operations: Int { get }
  /// Whether input and output are of one shape.
  var keepsShape: Bool { get }
  /// Memory of the output's shape that the backward pass has no more use for once it computes the gradient by the input: this may
  /// go there where the block keeps the shape.
  var reusableBuffer: Tensor { get }
  /// Weights have been written to since the last forward pass. In a network for training they may always have been.
  func weightsDidChange()
  /// - Parameter inference: Whether batch normalization goes by its running statistics.
  func forward(inference: Bool)
  /// After a forward pass that was not for inference: uses up `gradient` by the output, sets the gradients of the
  /// parameters and overwrites `inputGradient`, which is `nil` where the input is the image.
  func backward(_ gradient: Tensor, inputGradient: Tensor?)
}

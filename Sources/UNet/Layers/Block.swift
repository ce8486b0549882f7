import Tensors

/// One layer in a stage's chain: a `ConvolutionBlock` or a `ResidualBlock`.
protocol Block: Features {
  /// The trained parameters, in PyTorch's order.
  var parameters: [Parameter] { get }
  /// What is saved with the parameters but not trained.
  var buffers: [Parameter] { get }
  /// The number of multiplications and additions in the convolutions of a forward pass, counted by
  /// their definition.
  var operations: Int { get }
  /// Whether input and output have the same shape.
  var keepsShape: Bool { get }
  /// Memory of the output's shape that `backward` no longer needs when it computes the gradient
  /// with respect to the input.
  ///
  /// If the block keeps the shape, this gradient may overwrite it.
  var reusableBuffer: Tensor { get }
  /// Tells the block that its weights have changed, so that the next forward pass rearranges them
  /// for the convolution.
  ///
  /// In a network for training every forward pass does so anyway.
  func weightsDidChange()
  /// Computes the features from those of the layer before.
  ///
  /// - Parameter inference: Whether batch normalization uses its running statistics.
  func forward(inference: Bool)
  /// Sets the gradients of the parameters and the gradient with respect to the input.
  ///
  /// The last forward pass must not have been one for inference.
  ///
  /// - Parameters:
  ///   - gradient: The gradient with respect to the output. It is overwritten.
  ///   - inputGradient: Receives the gradient with respect to the input; `nil` when the input is
  ///     the image.
  func backward(_ gradient: Tensor, inputGradient: Tensor?)
}

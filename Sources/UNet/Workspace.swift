import Tensors

/// What the layers of one network share: the engine, the precision, and memory for tensors that are
/// needed only briefly.
///
/// Only the outputs of convolutions are kept from the forward to the backward pass. The features,
/// normalized and activated, are computed again when the backward pass needs them, in one buffer
/// for the whole network; in inference they take turns in two. Gradients with respect to features
/// overwrite tensors that are no longer needed.
final class Workspace {
  let engine: Engine
  let precision: Precision
  /// Whether the network has backward passes.
  let training: Bool
  let scratch = ScratchPool()
  /// The shape of each convolution and what computes it.
  private(set) var convolutions: [String] = []
  private let sharedFeatures, sharedGradient: Tensor
  /// The second of two buffers that the features of a network for inference take turns in.
  private let otherFeatures: Tensor

  /// - Parameter largest: The number of elements of the largest feature map in the network.
  init(engine: Engine, precision: Precision, training: Bool, largest: Int) {
    (self.engine, self.precision, self.training) = (engine, precision, training)
    sharedFeatures = Tensor([largest], precision)
    sharedGradient = Tensor([training ? largest : 0], precision)
    otherFeatures = Tensor([training ? 0 : largest], precision)
  }

  /// Returns a convolution that uses the network's engine, precision and scratch memory.
  func convolution(_ shape: ConvolutionShape) throws -> any Convolution {
    let convolution = try engine.convolution(shape, precision: precision, training: training, scratch: scratch)
    convolutions.append("\(shape): \(convolution.implementation)")
    return convolution
  }

  /// Returns a tensor with memory of its own, in the network's precision.
  func tensor(_ shape: [Int]) -> Tensor { Tensor(shape, precision) }

  /// Returns a tensor in the memory that holds the gradient with respect to the current stage's
  /// features.
  func gradient(_ shape: [Int]) -> Tensor { Tensor(shape, in: sharedGradient) }

  /// Returns tensors for the output of a convolution and for the features that normalization and
  /// activation make of it.
  ///
  /// In a network for training the first has memory of its own, because the backward pass needs it.
  /// In one for inference both are the same tensor: normalization and activation work in place.
  ///
  /// - Parameters:
  ///   - input: The input of the convolution, which the tensors do not overwrite.
  ///   - keepsOutput: Whether the features stay valid until the next forward pass.
  func features(
    _ shape: [Int], from input: Tensor, keepsOutput: Bool
  ) -> (preActivation: Tensor, output: Tensor) {
    guard !training else {
      return (tensor(shape), keepsOutput ? tensor(shape) : Tensor(shape, in: sharedFeatures))
    }
    let free = input.sharesMemory(with: sharedFeatures) ? otherFeatures : sharedFeatures
    let output = keepsOutput ? tensor(shape) : Tensor(shape, in: free)
    return (output, output)
  }
}

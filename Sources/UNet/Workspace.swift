import Tensors

/// What the layers of one network share: how they compute, and memory that none of them needs for long.
///
/// Between the passes only what convolutions give is kept. What follows from it, the features, is computed again where the backward
/// pass needs it, in one place for the whole network; a gradient by features takes the place of what is needed no more.
final class Workspace {
  let engine: Engine
  let precision: Precision
  /// Whether there will be backward passes.
  let training: Bool
  let scratch = ScratchPool()
  private let sharedFeatures, sharedGradient, sharedPreActivation: Tensor

  /// - Parameter largest: Elements of the largest tensor of features in the network.
  init(engine: Engine, precision: Precision, training: Bool, largest: Int) {
    (self.engine, self.precision, self.training) = (engine, precision, training)
    sharedFeatures = Tensor([largest], precision)
    sharedGradient = Tensor([training ? largest : 0], precision)
    sharedPreActivation = Tensor([training ? 0 : largest], precision)
  }

  func convolution(_ shape: ConvolutionShape) throws -> any Convolution {
    try engine.convolution(shape, precision: precision, scratch: scratch)
  }

  /// Memory of its own, of the network's precision.
  func tensor(_ shape: [Int]) -> Tensor { Tensor(shape, precision) }

  /// Where the features lie that were computed last.
  func features(_ shape: [Int]) -> Tensor { Tensor(shape, in: sharedFeatures) }

  /// Where the gradient by a stage's features arrives.
  func gradient(_ shape: [Int]) -> Tensor { Tensor(shape, in: sharedGradient) }

  /// What a convolution gives: kept for the backward pass when there will be one.
  func preActivation(_ shape: [Int]) -> Tensor { training ? tensor(shape) : Tensor(shape, in: sharedPreActivation) }
}

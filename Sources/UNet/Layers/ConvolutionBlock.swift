import Tensors

/// Convolution, normalisation, activation.
final class ConvolutionBlock: Block {
  let output: Tensor
  private let convolution: any Convolution
  private let normalization: Normalization?
  /// `nil` where the normalisation applies it too, or where there is none.
  private let activation: Activation?
  private let weight, bias: Parameter
  private let hasBias: Bool
  private let input: Tensor
  /// What the convolution gives; the backward pass needs it, inference overwrites it with the output.
  private let convolved: Tensor
  /// What comes before a separate activation.
  private let normalized: Tensor

  var parameters: [Parameter] { (hasBias ? [weight, bias] : [weight]) + (normalization?.parameters ?? []) }
  var buffers: [Parameter] { normalization?.buffers ?? [] }

  /// - Parameters:
  ///   - hasBias: Whether the convolution has a bias; it stays zero where not.
  ///   - activation: `nil` for none.
  ///   - normalization: `nil` for none.
  init(
    _ name: String, _ shape: ConvolutionShape, input: Tensor, hasBias: Bool, activation: Activation?,
    normalization: FeatureNormalization?, epsilon: Float, training: Bool, engine: Engine
  ) throws {
    convolution = try engine.convolution(shape)
    weight = Parameter(name + ".conv.weight", shape: shape.weights)
    bias = Parameter(name + ".conv.bias", shape: [shape.outputChannels])
    self.hasBias = hasBias
    self.input = input
    // Normalisation applies piecewise linear activations in its own pass.
    let slope = activation.map(\.slope) ?? 1
    self.normalization = normalization.map {
      Normalization(
        name + ".norm", $0, batch: shape.batch, voxels: shape.output.reduce(1, *), channels: shape.outputChannels,
        epsilon: epsilon, slope: slope ?? 1)
    }
    self.activation = normalization != nil && slope != nil ? nil : activation
    convolved = Tensor(shape.outputTensor)
    normalized = training && normalization != nil ? Tensor(shape.outputTensor) : convolved
    output = training && self.activation != nil ? Tensor(shape.outputTensor) : normalized
  }

  func forward(inference: Bool) {
    convolution.forward(input: input, weights: weight.value, bias: bias.value, output: convolved)
    normalization?.forward(convolved, normalized, inference: inference)
    activation?.forward(normalized, output)
  }

  func backward(_ gradient: Tensor, inputGradient: Tensor?) {
    activation?.backward(input: normalized, gradient: gradient)
    normalization?.backward(input: convolved, gradient: gradient)
    convolution.backwardWeights(
      input: input, outputGradient: gradient, weightGradient: weight.gradient, biasGradient: bias.gradient)
    if let inputGradient {
      convolution.backwardInput(outputGradient: gradient, weights: weight.value, inputGradient: inputGradient)
    }
  }

  /// Makes the output of an affine normalisation zero, until training changes that.
  func silence() { for parameter in normalization?.parameters ?? [] { parameter.value.fill(0) } }
}

extension ConvolutionBlock {
  /// The block a plan asks for: convolution, normalisation and activation as its architecture has them.
  convenience init(
    _ name: String, _ shape: ConvolutionShape, input: Tensor, architecture a: Architecture, training: Bool,
    engine: Engine
  ) throws {
    try self.init(
      name, shape, input: input, hasBias: a.convBias, activation: a.activation, normalization: a.normalization,
      epsilon: a.normEpsilon, training: training, engine: engine)
  }
}

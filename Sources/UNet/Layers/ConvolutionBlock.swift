import Tensors

/// Convolution, instance normalisation, activation.
final class ConvolutionBlock {
  let output: Tensor
  private let convolution: any Convolution
  private let normalization: InstanceNormalization
  private let weight, bias: Parameter
  private let input: Tensor
  /// What the convolution gives; the backward pass needs it, inference overwrites it with the output.
  private let convolved: Tensor

  var parameters: [Parameter] { [weight, bias, normalization.scale, normalization.shift] }

  init(
    _ name: String, _ shape: ConvolutionShape, input: Tensor, architecture: Architecture, training: Bool, engine: Engine
  ) throws {
    convolution = try engine.convolution(shape)
    weight = Parameter(name + ".conv.weight", shape: shape.weights)
    bias = Parameter(name + ".conv.bias", shape: [shape.outputChannels])
    normalization = InstanceNormalization(
      name + ".norm", batch: shape.batch, voxels: shape.output.reduce(1, *), channels: shape.outputChannels,
      epsilon: architecture.normEpsilon, activation: architecture.activation)
    self.input = input
    convolved = Tensor(shape.outputTensor)
    output = training ? Tensor(shape.outputTensor) : convolved
  }

  func forward() {
    convolution.forward(input: input, weights: weight.value, bias: bias.value, output: convolved)
    normalization.forward(convolved, output)
  }

  /// Uses up `gradient` by the output; `inputGradient` is `nil` for the first block, whose input is the image.
  func backward(_ gradient: Tensor, inputGradient: Tensor?) {
    normalization.backward(input: convolved, gradient: gradient)
    convolution.backwardWeights(
      input: input, outputGradient: gradient, weightGradient: weight.gradient, biasGradient: bias.gradient)
    if let inputGradient {
      convolution.backwardInput(outputGradient: gradient, weights: weight.value, inputGradient: inputGradient)
    }
  }
}

import Tensors

/// The 1 x 1 x 1 convolution that turns a decoder stage's features into logits.
final class Head {
  let logits: Tensor
  let gradient: Tensor
  let weight, bias: Parameter
  private let convolution: any Convolution
  private let input: Tensor

  init(_ name: String, input: Tensor, batch: Int, extent: [Int], features: Int, classes: Int, engine: Engine) throws {
    let shape = ConvolutionShape(
      batch: batch, inputChannels: features, outputChannels: classes, input: extent, kernel: [1, 1, 1],
      stride: [1, 1, 1])
    convolution = try engine.convolution(shape)
    weight = Parameter(name + ".weight", shape: shape.weights)
    bias = Parameter(name + ".bias", shape: [classes])
    logits = Tensor(shape.outputTensor)
    gradient = Tensor(shape.outputTensor)
    self.input = input
  }

  func forward() {
    convolution.forward(input: input, weights: weight.value, bias: bias.value, output: logits)
  }

  /// Overwrites `inputGradient` with what `gradient` by the logits amounts to.
  func backward(inputGradient: Tensor) {
    convolution.backwardWeights(
      input: input, outputGradient: gradient, weightGradient: weight.gradient, biasGradient: bias.gradient)
    convolution.backwardInput(outputGradient: gradient, weights: weight.value, inputGradient: inputGradient)
  }
}

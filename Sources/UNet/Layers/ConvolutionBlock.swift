import Tensors

/// Convolution, normalization, activation.
final class ConvolutionBlock: Block {
  let output: Tensor
  let keepsShape: Bool
  private let convolution: any Convolution
  private let normalization: NormalizationLayer?
  /// `nil` where the normalization applies it too, or where there is none.
  private let activation: Activation?
  private let weight, bias: Parameter
  private let hasBias: Bool
  private let input: any Features
  /// What the convolution gives.
  private let preActivation: Tensor
  /// Whether nobody else writes to `output`.
  private let keepsOutput: Bool
  /// Whether weights change from one pass to the next.
  private let training: Bool
  private var weightsHaveChanged = true

  var parameters: [Parameter] { (hasBias ? [weight, bias] : [weight]) + (normalization?.parameters ?? []) }
  var buffers: [Parameter] { normalization?.buffers ?? [] }
  var operations: Int { convolution.shape.operations }
  var reusableBuffer: Tensor { preActivation }

  /// - Parameters:
  ///   - hasBias: Whether the convolution has a bias; it stays zero where not.
  ///   - activation: `nil` for none.
  ///   - normalization: `nil` for none.
  ///   - keepsOutput: Whether the output is kept until the next forward pass.
  init(
    _ name: String, _ shape: ConvolutionShape, input: any Features, hasBias: Bool, activation: Activation?,
    normalization: NormalizationKind?, epsilon: Float, keepsOutput: Bool, workspace: Workspace
  ) throws {
    convolution = try workspace.convolution(shape)
    weight = Parameter(name + ".conv.weight", shape: shape.weights)
    bias = Parameter(name + ".conv.bias", shape: [shape.outputChannels])
    self.hasBias = hasBias
    self.input = input
    training = workspace.training
    keepsShape = shape.inputTensor == shape.outputTensor
    // NormalizationLayer applies piecewise linear activations in its own pass.
    let slope = activation.map(\.slope) ?? 1
    self.normalization = normalization.map {
      NormalizationLayer(
        name + ".norm", $0, batch: shape.batch, voxels: shape.output.reduce(1, *), channels: shape.outputChannels,
        epsilon: epsilon, slope: slope ?? 1)
    }
    self.activation = normalization != nil && slope != nil ? nil : activation
    preActivation = workspace.preActivation(shape.outputTensor)
    self.keepsOutput = keepsOutput
    output = keepsOutput ? workspace.tensor(shape.outputTensor) : workspace.features(shape.outputTensor)
  }

  func forward(inference: Bool) {
    if weightsHaveChanged { convolution.prepare(weights: weight.value) }
    weightsHaveChanged = training
    convolution.forward(input: input.output, bias: bias.value, output: preActivation)
    normalization?.computeStatistics(preActivation, inference: inference)
    finish()
  }

  func weightsDidChange() { weightsHaveChanged = true }

  func recompute() { if !keepsOutput { finish() } }

  /// From what the convolution gave to the output.
  private func finish() {
    if let normalization {
      normalization.apply(preActivation, output)
    } else {
      Elementwise.copy(preActivation, to: output)
    }
    activation?.forward(output, output)
  }

  func backward(_ gradient: Tensor, inputGradient: Tensor?) {
    if let normalization {
      if let activation {
        normalization.apply(preActivation, output)
        activation.backward(input: output, gradient: gradient)
      }
      normalization.backward(input: preActivation, gradient: gradient)
    } else {
      activation?.backward(input: preActivation, gradient: gradient)
    }
    input.recompute()
    convolution.backwardWeights(
      input: input.output, outputGradient: gradient, weightGradient: weight.gradient, biasGradient: bias.gradient)
    if let inputGradient {
      convolution.backwardInput(outputGradient: gradient, weights: weight.value, inputGradient: inputGradient)
    }
  }

  /// Makes the output of an affine normalization zero, until training changes that.
  func zeroInitializeNormalization() { for parameter in normalization?.parameters ?? [] { parameter.value.fill(0) } }
}

extension ConvolutionBlock {
  /// The block a plan asks for: convolution, normalization and activation as its architecture has them.
  convenience init(
    _ name: String, _ shape: ConvolutionShape, input: any Features, architecture a: Architecture,
    keepsOutput: Bool = false, workspace: Workspace
  ) throws {
    try self.init(
      name, shape, input: input, hasBias: a.convolutionBias, activation: a.activation, normalization: a.normalization,
      epsilon: a.normEpsilon, keepsOutput: keepsOutput, workspace: workspace)
  }
}

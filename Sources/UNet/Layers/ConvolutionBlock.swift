import Tensors

/// A convolution, a normalization and an activation:
/// `output = activation(normalization(convolution(input)))`.
final class ConvolutionBlock: Block {
  let output: Tensor
  let keepsShape: Bool
  private let convolution: any Convolution
  private let normalization: NormalizationLayer?
  /// The convolution, where it can take over work of other layers.
  private let fusing: (any FusingConvolution)?
  /// The block before, where this one normalizes and activates its output.
  private let unfinished: ConvolutionBlock?
  /// Whether the next block normalizes and activates the output.
  private var isFinishedByNext = false
  /// `nil` when the normalization layer applies the activation, or when there is none.
  private let activation: Activation?
  private let weight, bias: Parameter
  private let hasBias: Bool
  private let input: any Features
  /// The output of the convolution, before normalization and activation.
  private let preActivation: Tensor
  /// Whether `output` has memory of its own, so that it never has to be recomputed.
  private let keepsOutput: Bool
  /// Whether the weights may change between any two forward passes.
  private let training: Bool
  private var weightsHaveChanged = true

  var parameters: [Parameter] { (hasBias ? [weight, bias] : [weight]) + (normalization?.parameters ?? []) }
  var buffers: [Parameter] { normalization?.buffers ?? [] }
  var operations: Int { convolution.shape.operations }
  var reusableBuffer: Tensor { preActivation }

  /// - Parameters:
  ///   - name: The block's name in nnU-Net's state dict.
  ///   - hasBias: Whether the convolution has a bias. If not, the bias is 0 and not among the
  ///     parameters.
  ///   - activation: The activation; `nil` when there is none.
  ///   - normalization: The normalization; `nil` when there is none.
  ///   - keepsOutput: Whether the output stays valid until the next forward pass.
  ///   - isOnlyReader: Whether no other layer reads the input.
  init(
    _ name: String, _ shape: ConvolutionShape, input: any Features, hasBias: Bool, activation: Activation?,
    normalization: NormalizationKind?, epsilon: Float, keepsOutput: Bool, isOnlyReader: Bool, workspace: Workspace
  ) throws {
    convolution = try workspace.convolution(shape)
    weight = Parameter(name + ".conv.weight", shape: shape.weights)
    bias = Parameter(name + ".conv.bias", shape: [shape.outputChannels])
    self.hasBias = hasBias
    self.input = input
    training = workspace.training
    keepsShape = shape.inputTensor == shape.outputTensor
    // NormalizationLayer applies piecewise linear activations in the same pass over the data.
    let slope = activation.map(\.slope) ?? 1
    self.normalization = normalization.map {
      NormalizationLayer(
        name + ".norm", $0, batch: shape.batch, voxels: shape.output.reduce(1, *), channels: shape.outputChannels,
        epsilon: epsilon, slope: slope ?? 1)
    }
    self.activation = normalization != nil && slope != nil ? nil : activation
    (preActivation, output) = workspace.features(
      shape.outputTensor, from: input.output, keepsOutput: keepsOutput)
    self.keepsOutput = keepsOutput
    fusing = convolution as? any FusingConvolution
    // In training the backward pass reads the input once more.
    let previous = training || !isOnlyReader || fusing == nil ? nil : input as? ConvolutionBlock
    unfinished = previous?.channelMap == nil ? nil : previous
    unfinished?.isFinishedByNext = true
  }

  /// What makes the output of `preActivation`; `nil` when that is not a piecewise linear map of each sample's channels.
  private var channelMap: ChannelMap? { activation == nil ? normalization?.map : nil }

  func forward(inference: Bool) {
    if weightsHaveChanged { convolution.prepare(weights: weight.value) }
    weightsHaveChanged = training
    if let fusing {
      fusing.forward(input: input.output, map: unfinished?.channelMap, bias: bias.value, output: preActivation)
    } else {
      convolution.forward(input: input.output, bias: bias.value, output: preActivation)
    }
    if let fusing, let normalization, normalization.isPerSample {
      normalization.useStatistics(of: fusing)
    } else {
      normalization?.computeStatistics(preActivation, inference: inference)
    }
    if !isFinishedByNext { finish() }
  }

  func weightsDidChange() { weightsHaveChanged = true }

  func recompute() {
    // In inference the output has overwritten what it is computed from.
    if training, !keepsOutput { finish() }
  }

  /// Computes `output` from `preActivation`.
  private func finish() {
    if let normalization {
      normalization.apply(preActivation, output)
    } else if preActivation !== output {
      Elementwise.copy(preActivation, to: output)
    }
    activation?.forward(output, output)
  }

  func backward(_ gradient: Tensor, inputGradient: Tensor?) {
    if let normalization {
      if let activation {
        // `output` holds the result of the activation, but its backward pass needs its input.
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

  /// Sets scale and shift of an affine normalization to 0, so that the block's output is 0 until
  /// training changes them.
  func zeroInitializeNormalization() { for parameter in normalization?.parameters ?? [] { parameter.value.fill(0) } }
}

extension ConvolutionBlock {
  /// Creates a block with the bias, normalization and activation of an architecture.
  convenience init(
    _ name: String, _ shape: ConvolutionShape, input: any Features, architecture a: Architecture,
    keepsOutput: Bool = false, isOnlyReader: Bool = false, workspace: Workspace
  ) throws {
    try self.init(
      name, shape, input: input, hasBias: a.convolutionBias, activation: a.activation, normalization: a.normalization,
      epsilon: a.normEpsilon, keepsOutput: keepsOutput, isOnlyReader: isOnlyReader, workspace: workspace)
  }
}

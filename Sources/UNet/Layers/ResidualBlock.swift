import Tensors

/// Two convolutions with a short cut around them: activation(second(first(x)) + short cut of x).
///
/// ResNet-D's basic block as nnU-Net's residual encoders have it. The first convolution may have a stride; the short
/// cut is then the mean over each stride's box. Where the number of channels changes, a 1 x 1 x 1 convolution without
/// bias, normalized, follows. He et al., Bag of Tricks for Image Classification with Convolutional Neural Networks,
/// CVPR 2019.
final class ResidualBlock: Block {
  let output: Tensor
  let keepsShape: Bool
  private let first, second: ConvolutionBlock
  private let pooling: AveragePooling?
  private let projection: ConvolutionBlock?
  private let activation: Activation
  private let input: any Features
  /// Memory for a gradient that the blocks of a stage share, of the stage's shape; `nil` where there is no backward pass.
  private let branch: Tensor?
  /// Gradient by the projection's input.
  private let projectionGradient: Tensor?

  var parameters: [Parameter] { first.parameters + second.parameters + (projection?.parameters ?? []) }
  var buffers: [Parameter] { first.buffers + second.buffers + (projection?.buffers ?? []) }
  var operations: Int { first.operations + second.operations + (projection?.operations ?? 0) }
  var reusableBuffer: Tensor { first.reusableBuffer }

  /// - Parameters:
  ///   - shape: Of the first convolution.
  ///   - input: Features that are kept.
  ///   - branch: Memory of the output's shape; `nil` where there is no backward pass.
  init(
    _ name: String, _ shape: ConvolutionShape, input: any Features, architecture a: Architecture, branch: Tensor?,
    workspace: Workspace
  ) throws {
    let channels = shape.outputChannels
    let inner = ConvolutionShape(
      batch: shape.batch, inputChannels: channels, outputChannels: channels, input: shape.output, kernel: shape.kernel,
      stride: [1, 1, 1])
    keepsShape = shape.inputTensor == shape.outputTensor
    first = try ConvolutionBlock(name + ".conv1", shape, input: input, architecture: a, workspace: workspace)
    second = try ConvolutionBlock(
      name + ".conv2", inner, input: first, hasBias: a.convolutionBias, activation: nil, normalization: a.normalization,
      epsilon: a.normEpsilon, keepsOutput: true, workspace: workspace)
    second.zeroInitializeNormalization()

    pooling = shape.stride == [1, 1, 1] ? nil : AveragePooling(input.output, window: shape.stride)
    if shape.inputChannels != channels {
      let pointwise = ConvolutionShape(
        batch: shape.batch, inputChannels: shape.inputChannels, outputChannels: channels, input: shape.output,
        kernel: [1, 1, 1], stride: [1, 1, 1])
      projection = try ConvolutionBlock(
        name + ".skip.\(pooling == nil ? 0 : 1)", pointwise, input: pooling ?? input, hasBias: false, activation: nil,
        normalization: a.normalization, epsilon: a.normEpsilon, keepsOutput: false, workspace: workspace)
      projectionGradient = workspace.training ? workspace.tensor(pointwise.inputTensor) : nil
    } else {
      (projection, projectionGradient) = (nil, nil)
    }
    activation = a.activation
    self.input = input
    self.branch = branch
    // The sum is the second convolution's output; a piecewise linear activation's backward pass can do with its own
    // output there.
    output =
      workspace.training && activation.slope == nil ? workspace.tensor(second.output.shape) : second.output
  }

  func weightsDidChange() {
    for block in [first, second, projection] { block?.weightsDidChange() }
  }

  /// The output is kept.
  func recompute() {}

  func forward(inference: Bool) {
    first.forward(inference: inference)
    second.forward(inference: inference)
    pooling?.forward()
    projection?.forward(inference: inference)
    Elementwise.add(projection?.output ?? pooling?.output ?? input.output, to: second.output)
    activation.forward(second.output, output)
  }

  func backward(_ gradient: Tensor, inputGradient: Tensor?) {
    // Made for training, and behind the stem: a residual block's input is never the image.
    guard let branch, let inputGradient else { preconditionFailure("a residual block without a way back") }
    activation.backward(input: second.output, gradient: gradient)
    Elementwise.copy(gradient, to: branch)
    second.backward(branch, inputGradient: second.reusableBuffer)
    first.backward(second.reusableBuffer, inputGradient: inputGradient)
    projection?.backward(gradient, inputGradient: projectionGradient)
    let shortcut = projectionGradient ?? gradient
    if let pooling {
      pooling.backward(shortcut, addingTo: inputGradient)
    } else {
      Elementwise.add(shortcut, to: inputGradient)
    }
  }
}

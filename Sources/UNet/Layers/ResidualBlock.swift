import Tensors

/// Two convolutions and a shortcut: `output = activation(second(first(x)) + shortcut(x))`.
///
/// This is the basic block of ResNet-D as nnU-Net's residual encoders use it. `first` is a
/// convolution, normalization and activation, and may have a stride; `second` is a convolution and
/// normalization. The shortcut is the identity, except that it starts with average pooling if there
/// is a stride, and ends with a normalized 1 x 1 x 1 convolution without bias if the number of
/// channels changes. He et al., Bag of Tricks for Image Classification with Convolutional Neural
/// Networks, CVPR 2019.
final class ResidualBlock: Block {
  let output: Tensor
  let keepsShape: Bool
  private let first, second: ConvolutionBlock
  /// The shortcut's average pooling; `nil` when there is no stride.
  private let pooling: AveragePooling?
  /// The shortcut's convolution; `nil` when the number of channels stays the same.
  private let projection: ConvolutionBlock?
  private let activation: Activation
  private let input: any Features
  /// Memory for the gradient with respect to the output of `second`. The blocks of a stage share
  /// it; `nil` in inference.
  private let branch: Tensor?
  /// The gradient with respect to the projection's input.
  private let projectionGradient: Tensor?

  var parameters: [Parameter] { first.parameters + second.parameters + (projection?.parameters ?? []) }
  var buffers: [Parameter] { first.buffers + second.buffers + (projection?.buffers ?? []) }
  var operations: Int { first.operations + second.operations + (projection?.operations ?? 0) }
  var reusableBuffer: Tensor { first.reusableBuffer }

  /// - Parameters:
  ///   - name: The block's name in nnU-Net's state dict.
  ///   - shape: The shape of the first convolution.
  ///   - input: Features that stay valid until the next forward pass.
  ///   - branch: Memory of the output's shape; `nil` when there is no backward pass.
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
      epsilon: a.normEpsilon, keepsOutput: true, isOnlyReader: true, workspace: workspace)
    second.zeroInitializeNormalization()

    pooling = shape.stride == [1, 1, 1] ? nil : AveragePooling(input.output, window: shape.stride)
    if shape.inputChannels != channels {
      let pointwise = ConvolutionShape(
        batch: shape.batch, inputChannels: shape.inputChannels, outputChannels: channels, input: shape.output,
        kernel: [1, 1, 1], stride: [1, 1, 1])
      projection = try ConvolutionBlock(
        name + ".skip.\(pooling == nil ? 0 : 1)", pointwise, input: pooling ?? input, hasBias: false, activation: nil,
        normalization: a.normalization, epsilon: a.normEpsilon, keepsOutput: false, isOnlyReader: false,
        workspace: workspace)
      projectionGradient = workspace.training ? workspace.tensor(pointwise.inputTensor) : nil
    } else {
      (projection, projectionGradient) = (nil, nil)
    }
    activation = a.activation
    self.input = input
    self.branch = branch
    // The sum overwrites the output of `second`. The backward pass of a piecewise linear activation
    // needs only its own output, so that may overwrite the sum; other activations need the sum
    // itself.
    output =
      workspace.training && activation.slope == nil ? workspace.tensor(second.output.shape) : second.output
  }

  func weightsDidChange() {
    for block in [first, second, projection] { block?.weightsDidChange() }
  }

  /// Does nothing: no other layer writes to `output`.
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
    // The stem precedes every residual block, so the input is never the image.
    guard let branch, let inputGradient else { preconditionFailure("the network was created for inference") }
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

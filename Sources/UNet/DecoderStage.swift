import Tensors

/// One resolution of the decoder: features from below are upsampled, joined by the encoder's, and preActivation.
final class DecoderStage {
  /// Resolution it works at; 0 is the full one.
  let level: Int
  let up: TransposedConvolution
  let blocks: [ConvolutionBlock]
  let head: Head
  /// Upsampled features first, then the encoder's; the backward pass puts its gradient in their place.
  let joined: Tensor
  /// Where the gradient by the output arrives.
  let gradient: Tensor
  /// Features of the coarser resolution, and where the gradient by them goes.
  private let coarse: any Features
  let coarseGradient: Tensor

  var features: any Features { blocks.last! }

  init(
    _ index: Int, architecture a: Architecture, batch: Int, coarse: any Features, coarseExtent: [Int], extent: [Int],
    workspace: Workspace
  ) throws {
    level = a.features.count - 2 - index
    let features = a.features[level]
    self.coarse = coarse
    gradient = workspace.gradient(workspace.training ? [batch] + extent + [features] : [0])
    coarseGradient = workspace.gradient(workspace.training ? coarse.output.shape : [0])
    joined = workspace.tensor([batch] + extent + [2 * features])
    up = TransposedConvolution(
      "decoder.transpconvs.\(index)", batch: batch, inputs: a.features[level + 1], outputs: features,
      extent: coarseExtent, factor: a.strides[level + 1], outputStride: 2 * features, hasBias: a.convolutionBias,
      scratch: workspace.scratch)
    var blocks: [ConvolutionBlock] = []
    var current: any Features = KeptFeatures(joined)
    for i in 0..<a.convolutionsPerDecoderStage[index] {
      let shape = ConvolutionShape(
        batch: batch, inputChannels: i == 0 ? 2 * features : features, outputChannels: features, input: extent,
        kernel: a.kernels[level], stride: [1, 1, 1])
      let block = try ConvolutionBlock(
        "decoder.stages.\(index).convs.\(i)", shape, input: current, architecture: a, workspace: workspace)
      blocks.append(block)
      current = block
    }
    self.blocks = blocks
    head = Head(
      "decoder.seg_layers.\(index)", batch: batch, extent: extent, features: features, classes: a.outputChannels,
      scratch: workspace.scratch)
  }

  /// After the encoder has put its features in their place in `joined`.
  ///
  /// - Parameter logits: Whether the head is computed too.
  func forward(inference: Bool, logits: Bool) {
    up.forward(coarse.output, joined)
    for block in blocks { block.forward(inference: inference) }
    if logits { head.forward(features.output) }
  }

  /// Leaves the gradient by the encoder's features in `joined` and passes on that by the coarser features.
  ///
  /// - Parameter usesHead: Whether the stage's logits have a part in the loss. The finest stage's always have; it has no other
  ///   gradient.
  func backward(usesHead: Bool) {
    head.weight.hasGradient = usesHead
    head.bias.hasGradient = usesHead
    if usesHead {
      features.recompute()
      head.backwardWeights(features.output)
      if level == 0 {
        head.backwardInput(gradient)
      } else {
        head.backwardInput(features.output)
        Elementwise.add(features.output, to: gradient)
      }
    }
    var current = gradient
    for block in blocks.dropFirst().reversed() {
      block.backward(current, inputGradient: block.reusableBuffer)
      current = block.reusableBuffer
    }
    blocks[0].backward(current, inputGradient: joined)
    coarse.recompute()
    up.backward(input: coarse.output, gradient: joined, inputGradient: coarseGradient)
  }
}

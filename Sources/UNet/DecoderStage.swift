import Tensors

/// One resolution of the decoder.
///
/// It upsamples the features of the next coarser resolution, joins them with the encoder's
/// features, convolves the result, and computes logits from it.
final class DecoderStage {
  /// The resolution: 0 is the full one, and each level is coarser than the one before.
  let level: Int
  /// Upsamples the coarser features.
  let up: TransposedConvolution
  let blocks: [ConvolutionBlock]
  /// Computes the logits.
  let head: Head
  /// The input of the first block: the upsampled features in the first half of the channels, the
  /// encoder's in the second.
  ///
  /// The backward pass overwrites it with its gradient.
  let joined: Tensor
  /// The gradient with respect to this stage's features, in the network's shared memory.
  ///
  /// The next finer stage writes it as its `coarseGradient`, and this stage's head adds to it. At the
  /// full resolution the head writes it.
  let gradient: Tensor
  /// The features of the next coarser resolution.
  private let coarse: any Features
  /// The gradient with respect to `coarse`, in the same shared memory as `gradient`.
  let coarseGradient: Tensor

  /// The output of the last block.
  var features: any Features { blocks.last! }

  /// All parameters of the stage.
  var parameters: [Parameter] { blocks.flatMap(\.parameters) + up.parameters + [head.weight, head.bias] }

  /// - Parameters:
  ///   - index: The position of the stage in the decoder, coarsest first, as in nnU-Net's names.
  ///   - coarse: The features of the next coarser resolution, of size `coarseExtent`.
  ///   - extent: The size of this stage's features along z, y, x, in voxels.
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
      "decoder.transpconvs.\(index)", batch: batch, inputChannels: a.features[level + 1],
      outputChannels: features, extent: coarseExtent, factor: a.strides[level + 1], outputStride: 2 * features,
      hasBias: a.convolutionBias, training: workspace.training, scratch: workspace.scratch)
    var blocks: [ConvolutionBlock] = []
    var current: any Features = KeptFeatures(joined)
    for i in 0..<a.convolutionsPerDecoderStage[index] {
      let shape = ConvolutionShape(
        batch: batch, inputChannels: i == 0 ? 2 * features : features, outputChannels: features, input: extent,
        kernel: a.kernels[level], stride: [1, 1, 1])
      let block = try ConvolutionBlock(
        "decoder.stages.\(index).convs.\(i)", shape, input: current, architecture: a, isOnlyReader: true,
        workspace: workspace)
      blocks.append(block)
      current = block
    }
    self.blocks = blocks
    head = Head(
      "decoder.seg_layers.\(index)", batch: batch, extent: extent, features: features,
      outputChannels: a.outputChannels, training: workspace.training, scratch: workspace.scratch)
  }

  /// Computes the features, and the logits if asked for. The encoder's features must be in
  /// `joined`.
  ///
  /// - Parameters:
  ///   - inference: Whether batch normalization uses its running statistics.
  ///   - logits: Whether to compute the logits too.
  func forward(inference: Bool, logits: Bool) {
    up.forward(coarse.output, joined)
    for block in blocks { block.forward(inference: inference) }
    if logits { head.forward(features.output) }
  }

  /// Computes the gradients of the stage's parameters from `gradient` and the head's gradient.
  ///
  /// It sets `coarseGradient`, and leaves the gradient with respect to the encoder's features in
  /// `joined`.
  ///
  /// - Parameter usesHead: Whether the loss depends on the stage's logits. On those of the full
  ///   resolution it always does; that stage has no other gradient.
  func backward(usesHead: Bool) {
    head.weight.hasGradient = usesHead
    head.bias.hasGradient = usesHead
    if usesHead {
      features.recompute()
      head.backwardWeights(features.output)
      if level == 0 {
        head.backwardInput(gradient)
      } else {
        // The features have been used, so their memory can hold the head's gradient.
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

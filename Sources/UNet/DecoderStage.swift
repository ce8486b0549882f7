import Tensors

/// One resolution of the decoder: features from below are upsampled, joined by the encoder's, and convolved.
final class DecoderStage {
  /// Resolution it works at; 0 is the full one.
  let level: Int
  let up: TransposedConvolution
  let blocks: [ConvolutionBlock]
  let head: Head
  /// Features of the coarser resolution.
  let coarse: Tensor
  /// Gradient by the joined features, of upsampled and skip channels.
  let joinedGradient: Tensor?
  private let skip: Tensor
  /// Upsampled features first, then the encoder's.
  private let joined: Tensor

  var output: Tensor { blocks.last!.output }

  init(
    _ index: Int, architecture a: Architecture, batch: Int, coarse: Tensor, skip: Tensor, coarseExtent: [Int],
    extent: [Int], training: Bool, engine: Engine
  ) throws {
    level = a.features.count - 2 - index
    let features = a.features[level]
    self.coarse = coarse
    self.skip = skip
    joined = Tensor([batch] + extent + [2 * features])
    joinedGradient = training ? Tensor(joined.shape) : nil
    up = TransposedConvolution(
      "decoder.transpconvs.\(index)", batch: batch, inputs: a.features[level + 1], outputs: features,
      extent: coarseExtent, factor: a.strides[level + 1], outputStride: 2 * features, hasBias: a.convBias)
    var blocks: [ConvolutionBlock] = []
    var current = joined
    for i in 0..<a.convsPerDecoderStage[index] {
      let shape = ConvolutionShape(
        batch: batch, inputChannels: i == 0 ? 2 * features : features, outputChannels: features, input: extent,
        kernel: a.kernels[level], stride: [1, 1, 1])
      let block = try ConvolutionBlock(
        "decoder.stages.\(index).convs.\(i)", shape, input: current, architecture: a, training: training, engine: engine
      )
      blocks.append(block)
      current = block.output
    }
    self.blocks = blocks
    head = try Head(
      "decoder.seg_layers.\(index)", input: current, batch: batch, extent: extent, features: features,
      classes: a.outputChannels, engine: engine)
  }

  func forward(inference: Bool) {
    up.forward(coarse, joined)
    Elementwise.copySkip(skip, into: joined)
    for block in blocks { block.forward(inference: inference) }
  }
}

/// A convolution for inference that takes over work of the layers around it, which would read and write the features
/// once more each.
package protocol FusingConvolution: Convolution {
  /// The same as ``Convolution/forward(input:bias:output:)`` for `map(input)`.
  func forward(input: Tensor, map: ChannelMap?, bias: Tensor, output: Tensor)
  /// The mean and the biased variance over the voxels of a sample and channel of the last output.
  func moments(sample: Int, channel: Int) -> (mean: Double, variance: Double)
}

/// What normalization and activation do to each voxel: `z = factor * x + offset`, then z where z > 0, else `slope * z`.
package struct ChannelMap: Sendable {
  /// One number for each sample and channel.
  package let factor, offset: Tensor
  /// The slope of the activation for values of 0 or less, at most 1; 1 when there is no activation.
  package let slope: Float

  package init(factor: Tensor, offset: Tensor, slope: Float) {
    (self.factor, self.offset, self.slope) = (factor, offset, slope)
  }
}

/// Everything that is fixed about a convolution before it runs.
///
/// Padding is `(kernel - 1) / 2` on each axis as in nnU-Net's networks, dilation 1. Axis order (z, y, x).
public struct ConvolutionShape: Sendable, Hashable {
  public let batch: Int
  public let inputChannels: Int
  public let outputChannels: Int
  /// Voxels of the input along z, y, x.
  public let input: [Int]
  public let kernel: [Int]
  public let stride: [Int]

  public init(batch: Int, inputChannels: Int, outputChannels: Int, input: [Int], kernel: [Int], stride: [Int]) {
    precondition(input.count == 3 && kernel.count == 3 && stride.count == 3)
    self.batch = batch
    self.inputChannels = inputChannels
    self.outputChannels = outputChannels
    self.input = input
    self.kernel = kernel
    self.stride = stride
  }

  /// Zeros put before the first voxel of each axis; as many follow the last.
  public var padding: [Int] { kernel.map { ($0 - 1) / 2 } }
  /// Voxels of the output along z, y, x.
  public var output: [Int] { (0..<3).map { (input[$0] + 2 * padding[$0] - kernel[$0]) / stride[$0] + 1 } }
  /// Shape of the input tensor, (N, D, H, W, C).
  public var inputTensor: [Int] { [batch] + input + [inputChannels] }
  /// Shape of the output tensor, (N, D, H, W, C).
  public var outputTensor: [Int] { [batch] + output + [outputChannels] }
  /// Shape of the weights, (out, kz, ky, kx, in).
  public var weights: [Int] { [outputChannels] + kernel + [inputChannels] }
  /// Kernel positions times input channels: the length of an im2col row.
  public var columns: Int { kernel.reduce(inputChannels, *) }
  /// Multiplications and additions of the forward pass by definition.
  public var operations: Int { 2 * rows * columns * outputChannels }
  /// Output voxels of the whole batch.
  public var rows: Int { output.reduce(batch, *) }
}

/// Everything that is fixed about a convolution before it runs.
///
/// The padding is `(kernel - 1) / 2` on each axis, as in nnU-Net's networks, and the dilation is 1.
/// Axis order is (z, y, x).
public struct ConvolutionShape: Sendable, Hashable {
  /// Samples per batch.
  public let batch: Int
  /// Channels of the input.
  public let inputChannels: Int
  /// Channels of the output.
  public let outputChannels: Int
  /// Voxels of the input along z, y, x.
  public let input: [Int]
  /// Size of the kernel along z, y, x.
  public let kernel: [Int]
  /// Voxels from one kernel position to the next along z, y, x.
  public let stride: [Int]

  /// Creates a shape. `input`, `kernel` and `stride` have one value for each of z, y, x.
  public init(batch: Int, inputChannels: Int, outputChannels: Int, input: [Int], kernel: [Int], stride: [Int]) {
    precondition(input.count == 3 && kernel.count == 3 && stride.count == 3)
    self.batch = batch
    self.inputChannels = inputChannels
    self.outputChannels = outputChannels
    self.input = input
    self.kernel = kernel
    self.stride = stride
  }

  /// Zeros before the first voxel of each axis; the same number follows the last voxel.
  public var padding: [Int] { kernel.map { ($0 - 1) / 2 } }
  /// Voxels of the output along z, y, x.
  public var output: [Int] { (0..<3).map { (input[$0] + 2 * padding[$0] - kernel[$0]) / stride[$0] + 1 } }
  /// Shape of the input tensor, (N, D, H, W, C).
  public var inputTensor: [Int] { [batch] + input + [inputChannels] }
  /// Shape of the output tensor, (N, D, H, W, C).
  public var outputTensor: [Int] { [batch] + output + [outputChannels] }
  /// Shape of the weights, (out, kz, ky, kx, in).
  public var weights: [Int] { [outputChannels] + kernel + [inputChannels] }
  /// The length of an im2col row: kernel positions times input channels.
  public var columns: Int { kernel.reduce(inputChannels, *) }
  /// Multiplications and additions in the forward pass of a direct convolution.
  public var operations: Int { 2 * rows * columns * outputChannels }
  /// Rows of the im2col matrix: output voxels of the whole batch.
  public var rows: Int { output.reduce(batch, *) }
}

extension ConvolutionShape: CustomStringConvertible {
  /// The shape for a person to read.
  public var description: String {
    func edges(_ values: [Int]) -> String { values.map(String.init).joined(separator: "×") }
    return "\(edges([batch] + input)), \(inputChannels) to \(outputChannels) channels, kernel \(edges(kernel)), "
      + "stride \(edges(stride))"
  }
}

import Threads

/// A 3 x 3 x 3 convolution with stride 1 by Winograd's F(4 x 4 x 4, 3 x 3 x 3) in 32-bit floats.
///
/// It needs an eighth of the multiplications of im2col; ``WinogradConvolution`` needs twice as many or more. The
/// transformed tiles of a large block would not fit into the cache, so that the transforms are divided: along z and y
/// for a block of lines of tiles; then, for each of the 36 (z, y) of a tile, along x, six matrix products and back
/// along x, all in the first-level cache; and at last back along y and z.
///
/// The gradient with respect to the weights sums over tiles; it is left to ``WinogradConvolution``.
final class LargeTileConvolution: FusingConvolution {
  let shape: ConvolutionShape
  var implementation: String { "Winograd with large tiles" }
  private let transform: LargeTileTransform
  /// Transformed filters: (position, in, out) for the forward pass, (position, out, in) for the gradient with respect
  /// to the input, each in the order of `FloatProduct`.
  private let filters: Tensor
  private let scratch: ScratchPool
  /// Lines of tiles in a block.
  private let linesPerBlock: Int
  /// Computes the gradient with respect to the weights; `nil` in inference, which has none.
  private let smallTiles: WinogradConvolution?
  /// Sums over the outputs of each line of tiles, see `LargeTileTransform.outputs`: (line, 3, channel).
  private let sums: Tensor

  init(_ shape: ConvolutionShape, training: Bool, scratch: ScratchPool) {
    self.shape = shape
    self.scratch = scratch
    transform = LargeTileTransform(batch: shape.batch, extent: shape.input)
    filters = Tensor([Self.positions, shape.inputChannels, shape.outputChannels])
    linesPerBlock = Self.linesPerBlock(transform, shape)
    sums = Tensor([transform.lines, 3, shape.outputChannels])
    smallTiles = training ? WinogradConvolution(shape, precision: .float32, training: true, scratch: scratch) : nil
    let tasks = (transform.lines + linesPerBlock - 1) / linesPerBlock
    for (sources, targets) in [(shape.inputChannels, shape.outputChannels)]
      + (training ? [(shape.outputChannels, shape.inputChannels)] : [])
    {
      let size = Layout(lines: linesPerBlock, transform, sources, targets).size
      scratch.reserve(Array(repeating: size, count: min(Parallel.threads, tasks)))
    }
  }

  /// Numbers of a transformed tile.
  private static let positions = 216

  /// Whether a convolution of this shape can be computed here, and faster than by ``WinogradConvolution``.
  static func suits(_ shape: ConvolutionShape) -> Bool {
    guard WinogradConvolution.suits(shape) else { return false }
    let tiles = LargeTileTransform(batch: shape.batch, extent: shape.input).tiles.reduce(shape.batch, *)
    let smallTiles = WinogradTransform(batch: shape.batch, extent: shape.input).count
    // Filters that are read from memory for few tiles cost more than the products that are saved.
    let filters = positions * shape.inputChannels * shape.outputChannels
    return tiles >= 32 && filters <= 32 << 20 && positions * tiles * 5 < 64 * smallTiles * 4
  }

  /// The lines of a block for which the slowest thread ends first.
  ///
  /// Results do not depend on it.
  private static func linesPerBlock(_ transform: LargeTileTransform, _ shape: ConvolutionShape) -> Int {
    let filters = positions * shape.inputChannels * shape.outputChannels
    // Where filters fit into a common second-level cache, so should the block beside them. Where they do not, to read
    // them takes as long as the products of so many tiles.
    let (overhead, most) = filters * 4 <= 1 << 21 ? (4, 24) : (15, 48)
    func cost(_ lines: Int) -> Int {
      let blocks = (transform.lines + lines - 1) / lines
      let tiles =
        (lines * transform.tiles[2] + FloatProduct.rowBlock - 1) / FloatProduct.rowBlock * FloatProduct.rowBlock
      return (blocks + Parallel.threads - 1) / Parallel.threads * (tiles + overhead)
    }
    let largest = max(1, min(transform.lines, most / transform.tiles[2]))
    return (1...largest).min { cost($0) < cost($1) }!
  }

  func prepare(weights: Tensor) {
    let (w, u) = (SharedPointer(weights.pointer), SharedPointer(filters.pointer))
    Parallel.chunks(shape.inputChannels, size: 8) { [shape] in
      LargeTileTransform.filter(
        $0, of: w.pointer, inputs: shape.inputChannels, outputs: shape.outputChannels, into: u.pointer)
    }
  }

  func forward(input: Tensor, bias: Tensor, output: Tensor) {
    forward(input: input, map: nil, bias: bias, output: output)
  }

  func forward(input: Tensor, map: ChannelMap?, bias: Tensor, output: Tensor) {
    convolve(
      input, shape.inputChannels, map: map, output, shape.outputChannels, bias: bias.pointer, sums: sums.pointer)
  }

  func backwardInput(outputGradient: Tensor, weights: Tensor, inputGradient: Tensor) {
    let (w, u) = (SharedPointer(weights.pointer), SharedPointer(filters.pointer))
    Parallel.chunks(shape.outputChannels, size: 8) { [shape] in
      LargeTileTransform.mirroredFilter(
        $0, of: w.pointer, inputs: shape.inputChannels, outputs: shape.outputChannels, into: u.pointer)
    }
    convolve(
      outputGradient, shape.outputChannels, map: nil, inputGradient, shape.inputChannels, bias: nil, sums: nil)
  }

  func backwardWeights(input: Tensor, outputGradient: Tensor, weightGradient: Tensor, biasGradient: Tensor) {
    guard let smallTiles else { preconditionFailure("the convolution was created for inference") }
    smallTiles.backwardWeights(
      input: input, outputGradient: outputGradient, weightGradient: weightGradient, biasGradient: biasGradient)
  }

  /// Convolves `source`, of `sources` channels, with the transformed filters.
  ///
  /// - Parameters:
  ///   - map: What is done to the source first; `nil` for nothing.
  ///   - bias: One number for each channel of the target, or `nil` for none.
  ///   - sums: Receives sums over the outputs of each line, or `nil`.
  private func convolve(
    _ source: Tensor, _ sources: Int, map: ChannelMap?, _ target: Tensor, _ targets: Int,
    bias: UnsafePointer<Float>?, sums: UnsafeMutablePointer<Float>?
  ) {
    let (x, y) = (SharedPointer(source.pointer), SharedPointer(target.pointer))
    let (u, b, s) = (SharedPointer(filters.pointer), SharedPointer(bias), SharedPointer(sums))
    let layout = Layout(lines: linesPerBlock, transform, sources, targets)
    Parallel.chunks(transform.lines, size: linesPerBlock) { [transform, scratch] lines in
      scratch.use(layout.size) { memory in
        let block = layout.block(memory)
        let tiles = lines.count * transform.tiles[2]
        transform.columns(lines, of: x.pointer, map: map, channels: sources, into: block.columns)
        for k in 0..<36 {
          transform.rows(lines.count, of: block.columns.matrix(k), channels: sources, into: block.tiles)
          for position in 0..<6 {
            FloatProduct.multiply(
              tiles, targets, sources, a: block.tiles.matrix(position),
              b: u.pointer + (k * 6 + position) * sources * targets, c: block.products.matrix(position))
          }
          transform.rowOutputs(
            lines.count, of: block.products, channels: targets, into: block.sums.matrix(k))
        }
        transform.outputs(
          lines, of: block.sums, channels: targets, bias: b.pointer, into: y.pointer,
          sums: s.pointer.map { $0 + lines.lowerBound * 3 * targets })
      }
    }
  }

  func moments(sample: Int, channel: Int) -> (mean: Double, variance: Double) {
    let channels = shape.outputChannels
    let lines = transform.lines / shape.batch
    /// The first output, the sum of the differences from it, and the sum of their squares.
    func values(_ line: Int) -> (first: Double, sum: Double, squares: Double) {
      let start = sums.pointer + (sample * lines + line) * 3 * channels + channel
      return (Double(start[0]), Double(start[channels]), Double(start[2 * channels]))
    }
    let voxels = Double(shape.input.reduce(1, *))
    var total = 0.0
    for line in 0..<lines {
      let values = values(line)
      total += values.first * Double(transform.outputs(line)) + values.sum
    }
    let mean = total / voxels
    var squares = 0.0
    for line in 0..<lines {
      let (values, count) = (values(line), Double(transform.outputs(line)))
      let shift = values.first - mean
      squares += values.squares + shift * (2 * values.sum + shift * count)
    }
    return (mean, max(0, squares / voxels))
  }

  /// How the scratch memory of a block of lines is divided.
  private struct Layout {
    /// Rows of the matrices of columns, sums and tiles.
    let columnRows, sumRows, tileRows: Int
    let inputs, outputs: Int

    init(lines: Int, _ transform: LargeTileTransform, _ inputs: Int, _ outputs: Int) {
      (columnRows, sumRows) = (lines * transform.inputWidth, lines * transform.outputWidth)
      tileRows = lines * transform.tiles[2] + FloatProduct.rowBlock - 1
      (self.inputs, self.outputs) = (inputs, outputs)
    }

    /// Floats of a block.
    var size: Int {
      PaddedMatrices.size(36, rows: columnRows, channels: inputs)
        + PaddedMatrices.size(36, rows: sumRows, channels: outputs)
        + PaddedMatrices.size(6, rows: tileRows, channels: inputs)
        + PaddedMatrices.size(6, rows: tileRows, channels: outputs)
    }

    func block(_ memory: UnsafeMutablePointer<Float>) -> Block {
      let columns = PaddedMatrices(memory, rows: columnRows, channels: inputs)
      let sums = PaddedMatrices(columns.matrix(36), rows: sumRows, channels: outputs)
      let tiles = PaddedMatrices(sums.matrix(36), rows: tileRows, channels: inputs)
      return Block(
        columns: columns, sums: sums, tiles: tiles,
        products: PaddedMatrices(tiles.matrix(6), rows: tileRows, channels: outputs))
    }
  }

  /// The scratch memory of a block of lines.
  private struct Block {
    /// The input, transformed along z and y; and the output, not yet transformed along them.
    let columns, sums: PaddedMatrices
    /// The tiles of one (z, y), and their products.
    let tiles, products: PaddedMatrices
  }
}

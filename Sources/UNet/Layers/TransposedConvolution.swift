import Tensors
import Threads

/// A transposed convolution whose kernel equals its stride, so that each input voxel becomes a
/// block of output voxels.
///
/// For an input voxel x and position k in its block, the output voxel is `y[k] = W[k]ᵀ x + b`. The
/// blocks do not overlap: forward and backward pass are matrix products, whose rows are copied
/// between blocks and the output.
///
/// It writes the first channels of the decoder's input, whose other channels are the skip
/// connection. Nothing has to be concatenated later.
///
/// The class is `Sendable` so that the threads of one pass can share it; they write to disjoint
/// memory.
final class TransposedConvolution: @unchecked Sendable {
  /// The trained parameters. If the bias is not among them, it is 0.
  let parameters: [Parameter]
  private let weight, bias: Parameter
  private let batch: Int
  private let extent, factor: [Int]
  private let inputChannels, outputChannels: Int
  /// The distance between neighboring output voxels, in elements.
  private let outputStride: Int
  private let scratch: ScratchPool
  /// The weights in the order of `FloatProduct`: a matrix of input channels by the elements of a block.
  private let packedWeights: Tensor
  /// Whether the weights may change between any two forward passes.
  private let training: Bool
  private var weightsHaveChanged = true
  /// The number of parts of the input whose weight gradients are summed separately. It depends only
  /// on the shape, so that the sums do not depend on the number of threads.
  private let parts: Int

  /// - Parameters:
  ///   - name: The layer's name in nnU-Net's state dict.
  ///   - extent: The size of the input along z, y, x, in voxels.
  ///   - factor: The kernel and stride along z, y, x.
  ///   - outputStride: The number of channels of the tensor that receives the output.
  ///   - hasBias: Whether the layer has a bias. If not, the bias is 0 and not among the parameters.
  ///   - training: Whether there will be backward passes.
  init(
    _ name: String, batch: Int, inputChannels: Int, outputChannels: Int, extent: [Int], factor: [Int],
    outputStride: Int, hasBias: Bool, training: Bool, scratch: ScratchPool
  ) {
    weight = Parameter(name + ".weight", shape: [inputChannels] + factor + [outputChannels])
    bias = Parameter(name + ".bias", shape: [outputChannels])
    parameters = hasBias ? [weight, bias] : [weight]
    (self.batch, self.extent, self.factor) = (batch, extent, factor)
    (self.inputChannels, self.outputChannels) = (inputChannels, outputChannels)
    self.outputStride = outputStride
    let lines = batch * extent[0] * extent[1]
    parts = min(8, max(1, lines / 8))
    self.scratch = scratch
    self.training = training
    let blockSize = factor.reduce(outputChannels, *)
    packedWeights = Tensor(blockSize % 16 == 0 ? [inputChannels, blockSize] : [0])
    let tiles = Array(repeating: rowsPerTile * (blockSize + 2 * inputChannels), count: Parallel.threads)
    scratch.reserve(training ? [parts * (inputChannels * blockSize + outputChannels)] + tiles : tiles)
  }

  /// The number of multiplications and additions in a forward pass.
  var operations: Int { 2 * lines * width * inputChannels * blockSize }

  private var width: Int { extent[2] }
  /// The number of lines of input voxels along x.
  private var lines: Int { batch * extent[0] * extent[1] }
  /// The number of elements of a block of output voxels.
  private var blockSize: Int { factor.reduce(outputChannels, *) }
  /// The number of lines of input voxels in one matrix product.
  private var linesPerTile: Int { max(1, 128 / width) }
  /// The number of rows that there is memory for in one matrix product.
  private var rowsPerTile: Int { linesPerTile * width + FloatProduct.rowBlock - 1 }

  /// Tells the layer that its weights have changed, so that the next forward pass rearranges them. In training every
  /// forward pass does so anyway.
  func weightsDidChange() { weightsHaveChanged = true }

  /// Rearranges the weights for `FloatProduct`.
  private func packWeights() {
    let (source, target) = (SharedPointer(weight.value.pointer), SharedPointer(packedWeights.pointer))
    Parallel.chunks(inputChannels, size: 8) { [inputChannels, blockSize] in
      for row in $0 {
        for column in stride(from: 0, to: blockSize, by: 16) {
          let place = FloatProduct.offset(row: row, column: column, rows: inputChannels, columns: blockSize)
          (target.pointer + place).update(from: source.pointer + row * blockSize + column, count: 16)
        }
      }
    }
  }

  /// Writes the upsampled input to the first channels of `output`.
  ///
  /// - Parameters:
  ///   - input: The input x, (N, z, y, x, channel).
  ///   - output: A tensor with `outputStride` channels.
  func forward(_ input: Tensor, _ output: Tensor) {
    switch input.precision {
    case .float32: forward(of: Float.self, input, output)
    case .bfloat16: forward(of: BFloat16.self, input, output)
    }
  }

  private func forward<Number: VectorElement>(of type: Number.Type, _ input: Tensor, _ output: Tensor) {
    let (x, y) = (SharedPointer(input.pointer(type)), SharedPointer(output.pointer(type)))
    let (w, b) = (SharedPointer(weight.value.pointer), SharedPointer(bias.value.pointer))
    let (width, inputChannels, outputChannels, block) = (width, inputChannels, outputChannels, blockSize)
    let isPacked = packedWeights.count > 0
    if isPacked, weightsHaveChanged { packWeights() }
    weightsHaveChanged = training
    let p = SharedPointer(packedWeights.pointer)
    let size = rowsPerTile
    Parallel.chunks(lines, size: linesPerTile) { [self] tile in
      scratch.use(size * (block + inputChannels)) { blocks in
        let rows = tile.count * width
        let copy = blocks + size * block
        var source = Number.floats(
          x.pointer + tile.lowerBound * width * inputChannels, rows * inputChannels, copy)
        if isPacked {
          // The product reads whole blocks of rows, which may end behind the last voxel.
          if rows % FloatProduct.rowBlock != 0, source != copy {
            copy.update(from: source, count: rows * inputChannels)
            source = copy
          }
          FloatProduct.multiply(rows, block, inputChannels, a: source, b: p.pointer, c: blocks)
        } else {
          BLAS.multiply(rows, block, inputChannels, a: source, inputChannels, b: w.pointer, block, c: blocks, block)
        }
        forEachVoxel(tile) { blockOffset, voxelOffset in
          let (product, target) = (blocks + blockOffset, y.pointer + voxelOffset)
          var c = 0
          while c + 16 <= outputChannels {
            Number.store(Float.load(product + c) + Float.load(b.pointer + c), target + c)
            c += 16
          }
          while c < outputChannels {
            target[c] = Number(product[c] + b.pointer[c])
            c += 1
          }
        }
      }
    }
  }

  /// Sets the gradients of weight and bias, `dW[k] = Σ x dy[k]ᵀ` and `db = Σ dy[k]`, and the gradient
  /// with respect to the input, `dx = Σ W[k] dy[k]`.
  ///
  /// The sum of dW is over all voxels, that of db over all voxels and k, and that of dx over k.
  ///
  /// - Parameters:
  ///   - input: The input x that `forward` was called with.
  ///   - gradient: The gradient with respect to the output; its first channels are dy.
  ///   - inputGradient: Receives the gradient with respect to the input, dx.
  func backward(input: Tensor, gradient: Tensor, inputGradient: Tensor) {
    switch input.precision {
    case .float32: backward(of: Float.self, input, gradient, inputGradient)
    case .bfloat16: backward(of: BFloat16.self, input, gradient, inputGradient)
    }
  }

  private func backward<Number: Element>(
    of type: Number.Type, _ input: Tensor, _ gradient: Tensor, _ inputGradient: Tensor
  ) {
    let (x, g, dx) = (
      SharedPointer(input.pointer(type)), SharedPointer(gradient.pointer(type)),
      SharedPointer(inputGradient.pointer(type))
    )
    let w = SharedPointer(weight.value.pointer)
    let (width, inputChannels, outputChannels, block) = (width, inputChannels, outputChannels, blockSize)
    let linesPerPart = (lines + parts - 1) / parts
    let size = linesPerTile * width
    // The sums of a part: the gradient of the weights, then that of the bias.
    let length = inputChannels * block + outputChannels
    scratch.use(parts * length) { partial in
      let sums = SharedPointer(partial)
      Parallel.forEach(parts) { [self] part in
        let end = min(lines, (part + 1) * linesPerPart)
        let weights = sums.pointer + part * length
        let biases = weights + inputChannels * block
        weights.update(repeating: 0, count: length)
        scratch.use(size * (block + 2 * inputChannels)) { blocks in
          let converted = blocks + size * block
          let product = converted + size * inputChannels
          for lower in stride(from: part * linesPerPart, to: end, by: linesPerTile) {
            let tile = lower..<min(end, lower + linesPerTile)
            let rows = tile.count * width
            forEachVoxel(tile) { blockOffset, voxelOffset in
              for c in 0..<outputChannels {
                let value = g.pointer[voxelOffset + c].float
                blocks[blockOffset + c] = value
                biases[c] += value
              }
            }
            let offset = lower * width * inputChannels
            BLAS.multiply(
              rows, inputChannels, block, a: blocks, block, b: w.pointer, block, transposeB: true, c: product,
              inputChannels)
            for i in 0..<rows * inputChannels { dx.pointer[offset + i] = Number(product[i]) }
            let source = Number.floats(x.pointer + offset, rows * inputChannels, converted)
            BLAS.multiply(
              inputChannels, block, rows, a: source, inputChannels, transposeA: true, b: blocks, block, c: weights,
              block, accumulate: true)
          }
        }
      }
      Parameter.setGradients(of: weight, bias, toSumOf: partial, parts: parts)
    }
  }

  /// Calls `body` for each output voxel of a tile.
  ///
  /// - Parameters:
  ///   - tile: Lines of input voxels.
  ///   - body: Receives the offsets of the output voxel's first element in the blocks of the tile
  ///     and in the output.
  @inline(__always)
  private func forEachVoxel(_ tile: Range<Int>, _ body: (_ blockOffset: Int, _ voxelOffset: Int) -> Void) {
    let (depth, height) = (extent[0], extent[1])
    let (fz, fy, fx) = (factor[0], factor[1], factor[2])
    for line in tile {
      let (n, z, y) = (line / (depth * height), line / height % depth, line % height)
      for dz in 0..<fz {
        for dy in 0..<fy {
          let row = ((n * depth + z) * fz + dz) * height * fy + y * fy + dy
          for x in 0..<width {
            for dx in 0..<fx {
              let inTile = ((line - tile.lowerBound) * width + x) * fz * fy * fx + (dz * fy + dy) * fx + dx
              body(inTile * outputChannels, (row * width * fx + x * fx + dx) * outputStride)
            }
          }
        }
      }
    }
  }
}

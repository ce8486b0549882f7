import Tensors
import Threads

/// Transposed convolution whose kernel is its stride: every input voxel becomes a block of output voxels of its own.
///
/// It writes the first channels of the decoder's input, whose others are the skip connection, so nothing is
/// concatenated later.
///
/// The threads of a pass share it: they write to disjoint places.
final class TransposedConvolution: @unchecked Sendable {
  /// What the optimizer trains; a bias that is not among it stays zero.
  let parameters: [Parameter]
  private let weight, bias: Parameter
  private let batch: Int
  private let extent, factor: [Int]
  private let inputs, outputs, outputStride: Int
  private let scratch: ScratchPool
  /// Parts of the input whose weight gradients are summed by themselves.
  private let parts: Int

  /// - Parameters:
  ///   - extent: Voxels of the input along z, y, x.
  ///   - factor: Kernel and stride along z, y, x.
  ///   - outputStride: Channels of the tensor written to.
  init(
    _ name: String, batch: Int, inputs: Int, outputs: Int, extent: [Int], factor: [Int], outputStride: Int,
    hasBias: Bool, scratch: ScratchPool
  ) {
    weight = Parameter(name + ".weight", shape: [inputs] + factor + [outputs])
    bias = Parameter(name + ".bias", shape: [outputs])
    parameters = hasBias ? [weight, bias] : [weight]
    (self.batch, self.inputs, self.outputs, self.outputStride) = (batch, inputs, outputs, outputStride)
    (self.extent, self.factor) = (extent, factor)
    let lines = batch * extent[0] * extent[1]
    parts = min(8, max(1, lines / 8))
    self.scratch = scratch
  }

  /// Multiplications and additions of a forward pass.
  var operations: Int { 2 * lines * width * inputs * blockSize }

  private var width: Int { extent[2] }
  private var lines: Int { batch * extent[0] * extent[1] }
  private var blockSize: Int { factor.reduce(outputs, *) }
  /// Lines of input voxels handled at once.
  private var linesPerTile: Int { max(1, 128 / width) }

  func forward(_ input: Tensor, _ output: Tensor) {
    switch input.precision {
    case .float32: forward(of: Float.self, input, output)
    case .bfloat16: forward(of: BFloat16.self, input, output)
    }
  }

  private func forward<Number: Element>(of type: Number.Type, _ input: Tensor, _ output: Tensor) {
    let (x, y) = (SharedPointer(input.pointer(type)), SharedPointer(output.pointer(type)))
    let (w, b) = (SharedPointer(weight.value.pointer), SharedPointer(bias.value.pointer))
    let (width, inputs, outputs, block) = (width, inputs, outputs, blockSize)
    let size = linesPerTile * width
    Parallel.chunks(lines, size: linesPerTile) { [self] tile in
      scratch.use(size * (block + inputs)) { blocks in
        let rows = tile.count * width
        let source = Number.floats(x.pointer + tile.lowerBound * width * inputs, rows * inputs, blocks + size * block)
        BLAS.multiply(rows, block, inputs, a: source, inputs, b: w.pointer, block, c: blocks, block)
        forEachVoxel(tile) { place, voxel in
          for c in 0..<outputs { y.pointer[voxel + c] = Number(blocks[place + c] + b.pointer[c]) }
        }
      }
    }
  }

  /// Sets the gradients of weight and bias from the first channels of `gradient`, and overwrites `inputGradient`.
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
    let (width, inputs, outputs, block) = (width, inputs, outputs, blockSize)
    let linesPerPart = (lines + parts - 1) / parts
    let size = linesPerTile * width
    // A part's sums: the weights' gradient, then the bias's.
    let length = inputs * block + outputs
    scratch.use(parts * length) { partial in
      let sums = SharedPointer(partial)
      Parallel.forEach(parts) { [self] part in
        let end = min(lines, (part + 1) * linesPerPart)
        let weights = sums.pointer + part * length
        let biases = weights + inputs * block
        weights.update(repeating: 0, count: length)
        scratch.use(size * (block + 2 * inputs)) { blocks in
          let converted = blocks + size * block
          let product = converted + size * inputs
          for lower in stride(from: part * linesPerPart, to: end, by: linesPerTile) {
            let tile = lower..<min(end, lower + linesPerTile)
            let rows = tile.count * width
            forEachVoxel(tile) { place, voxel in
              for c in 0..<outputs {
                let value = g.pointer[voxel + c].float
                blocks[place + c] = value
                biases[c] += value
              }
            }
            let offset = lower * width * inputs
            BLAS.multiply(
              rows, inputs, block, a: blocks, block, b: w.pointer, block, transposeB: true, c: product, inputs)
            for i in 0..<rows * inputs { dx.pointer[offset + i] = Number(product[i]) }
            let source = Number.floats(x.pointer + offset, rows * inputs, converted)
            BLAS.multiply(
              inputs, block, rows, a: source, inputs, transposeA: true, b: blocks, block, c: weights, block,
              accumulate: true)
          }
        }
      }
      Parameter.setGradients(of: weight, bias, toSumOf: partial, parts: parts)
    }
  }

  /// Pairs the blocks of a tile's voxels with the output voxels they stand for, as offsets of their first floats.
  @inline(__always)
  private func forEachVoxel(_ tile: Range<Int>, _ body: (_ place: Int, _ voxel: Int) -> Void) {
    let (depth, height) = (extent[0], extent[1])
    let (fz, fy, fx) = (factor[0], factor[1], factor[2])
    for line in tile {
      let (n, z, y) = (line / (depth * height), line / height % depth, line % height)
      for dz in 0..<fz {
        for dy in 0..<fy {
          let row = ((n * depth + z) * fz + dz) * height * fy + y * fy + dy
          for x in 0..<width {
            for dx in 0..<fx {
              let place = (((line - tile.lowerBound) * width + x) * fz * fy * fx + (dz * fy + dy) * fx + dx) * outputs
              body(place, (row * width * fx + x * fx + dx) * outputStride)
            }
          }
        }
      }
    }
  }
}

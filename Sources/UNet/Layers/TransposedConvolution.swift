import Tensors

/// Transposed convolution whose kernel is its stride: every input voxel becomes a block of output voxels of its own.
///
/// It writes the first channels of the decoder's input, whose others are the skip connection, so nothing is
/// concatenated later.
///
/// The threads of a pass share it: they write to disjoint places.
final class TransposedConvolution: @unchecked Sendable {
  /// What the optimiser trains; a bias that is not among it stays zero.
  let parameters: [Parameter]
  private let weight, bias: Parameter
  private let batch: Int
  private let extent, factor: [Int]
  private let inputs, outputs, outputStride: Int
  private let scratch = ScratchPool()
  /// Weight gradients of each part of the input.
  private let partial: [Tensor]

  /// - Parameters:
  ///   - extent: Voxels of the input along z, y, x.
  ///   - factor: Kernel and stride along z, y, x.
  ///   - outputStride: Channels of the tensor written to.
  init(
    _ name: String, batch: Int, inputs: Int, outputs: Int, extent: [Int], factor: [Int], outputStride: Int,
    hasBias: Bool
  ) {
    weight = Parameter(name + ".weight", shape: [inputs] + factor + [outputs])
    bias = Parameter(name + ".bias", shape: [outputs])
    parameters = hasBias ? [weight, bias] : [weight]
    (self.batch, self.inputs, self.outputs, self.outputStride) = (batch, inputs, outputs, outputStride)
    (self.extent, self.factor) = (extent, factor)
    let lines = batch * extent[0] * extent[1]
    partial = (0..<min(8, max(1, lines / 8))).map { _ in Tensor([inputs] + factor + [outputs]) }
  }

  private var width: Int { extent[2] }
  private var lines: Int { batch * extent[0] * extent[1] }
  private var blockSize: Int { factor.reduce(outputs, *) }
  /// Lines of input voxels handled at once.
  private var linesPerTile: Int { max(1, 128 / width) }

  func forward(_ input: Tensor, _ output: Tensor) {
    let (x, y) = (Shared(input.pointer), Shared(output.pointer))
    let (w, b) = (Shared(weight.value.pointer), Shared(bias.value.pointer))
    let (width, inputs, outputs, block) = (width, inputs, outputs, blockSize)
    Parallel.chunks(lines, size: linesPerTile) { [self] tile in
      scratch.use(linesPerTile * width * block) { blocks in
        let rows = tile.count * width
        BLAS.multiply(
          rows, block, inputs, a: x.pointer + tile.lowerBound * width * inputs, inputs, b: w.pointer, block, c: blocks,
          block)
        forEachVoxel(tile) { place, voxel in
          for c in 0..<outputs { y.pointer[voxel + c] = blocks[place + c] + b.pointer[c] }
        }
      }
    }
  }

  /// Sets the gradients of weight and bias from the first channels of `gradient`, and overwrites `inputGradient`.
  func backward(input: Tensor, gradient: Tensor, inputGradient: Tensor) {
    let (x, g, dx) = (Shared(input.pointer), Shared(gradient.pointer), Shared(inputGradient.pointer))
    let w = Shared(weight.value.pointer)
    let (width, inputs, outputs, block) = (width, inputs, outputs, blockSize)
    let linesPerPart = (lines + partial.count - 1) / partial.count
    Parallel.forEach(partial.count) { [self] part in
      let end = min(lines, (part + 1) * linesPerPart)
      partial[part].fill(0)
      scratch.use(linesPerTile * width * block) { blocks in
        for lower in stride(from: part * linesPerPart, to: end, by: linesPerTile) {
          let tile = lower..<min(end, lower + linesPerTile)
          let rows = tile.count * width
          forEachVoxel(tile) { place, voxel in (blocks + place).update(from: g.pointer + voxel, count: outputs) }
          let offset = lower * width * inputs
          BLAS.multiply(
            rows, inputs, block, a: blocks, block, b: w.pointer, block, transposeB: true, c: dx.pointer + offset, inputs
          )
          BLAS.multiply(
            inputs, block, rows, a: x.pointer + offset, inputs, transposeA: true, b: blocks, block,
            c: partial[part].pointer, block, accumulate: true)
        }
      }
    }
    let total = weight.gradient.pointer
    weight.gradient.fill(0)
    for part in partial {
      let source = part.pointer
      for i in 0..<part.count { total[i] += source[i] }
    }
    sumBias(gradient)
  }

  private func sumBias(_ gradient: Tensor) {
    let g = gradient.pointer
    var sums = [Double](repeating: 0, count: outputs)
    var line = [Float](repeating: 0, count: outputs)
    let length = width * factor[2]
    sums.withUnsafeMutableBufferPointer { sums in
      line.withUnsafeMutableBufferPointer { line in
        for row in 0..<lines * factor[0] * factor[1] {
          line.update(repeating: 0)
          for voxel in row * length..<(row + 1) * length {
            for c in 0..<outputs { line[c] += g[voxel * outputStride + c] }
          }
          for c in 0..<outputs { sums[c] += Double(line[c]) }
        }
      }
    }
    for c in 0..<outputs { bias.gradient.pointer[c] = Float(sums[c]) }
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

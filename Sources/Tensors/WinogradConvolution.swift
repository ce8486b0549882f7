/// 3 x 3 x 3 convolution with stride 1 by Winograd's F(2 x 2 x 2, 3 x 3 x 3): a third of im2col's multiplications, as matrix products on BLAS.
///
/// Blocks of tiles stay in the cache from the input's transform through 64 products to the output.
final class WinogradConvolution: Convolution {
  let shape: ConvolutionShape
  private let transform: WinogradTransform
  /// Kernels, transformed: (position, in, out) for the forward pass, (position, out, in) for the others.
  private let kernels: Tensor
  private let partialKernels: [Tensor]
  private let partialBiases: [Tensor]
  private let scratch = ScratchPool()
  private let blockSize: Int

  /// Whether the shape is one this handles, and large enough to be worth the transforms.
  static func suits(_ shape: ConvolutionShape) -> Bool {
    shape.kernel == [3, 3, 3] && shape.stride == [1, 1, 1] && shape.inputChannels % 16 == 0
      && shape.outputChannels % 16 == 0 && shape.rows >= 1024 && shape.input.allSatisfy { $0 >= 4 }
  }

  init(_ shape: ConvolutionShape) {
    self.shape = shape
    transform = WinogradTransform(batch: shape.batch, extent: shape.input)
    let channels = shape.inputChannels + shape.outputChannels
    kernels = Tensor([64, shape.outputChannels, shape.inputChannels])
    blockSize = max(16, min(96, 4096 / channels / 8 * 8))
    // The number of partial sums depends on the shape alone, so results do not depend on the number of threads.
    let parts = min(8, max(2, transform.count / 128))
    partialKernels = (0..<parts).map { _ in Tensor([64, shape.outputChannels, shape.inputChannels]) }
    partialBiases = (0..<parts).map { _ in Tensor([shape.outputChannels]) }
  }

  func forward(input: Tensor, weights: Tensor, bias: Tensor, output: Tensor) {
    transformKernels(weights, rowsAreOutputs: false)
    let (x, y) = (Shared(input.pointer), Shared(output.pointer))
    let (u, b) = (Shared(kernels.pointer), Shared(bias.pointer))
    let (inputs, outputs, size) = (shape.inputChannels, shape.outputChannels, blockSize)
    Parallel.chunks(transform.count, size: size) { [transform, scratch] tiles in
      scratch.use(64 * size * (inputs + outputs)) { memory in
        let products = memory + 64 * size * inputs
        transform.input(tiles, of: x.pointer, channels: inputs, into: memory, stride: size)
        for position in 0..<64 {
          BLAS.multiply(
            tiles.count, outputs, inputs, a: memory + position * size * inputs, inputs,
            b: u.pointer + position * outputs * inputs, outputs,
            c: products + position * size * outputs, outputs)
        }
        transform.output(tiles, of: products, channels: outputs, stride: size, bias: b.pointer, into: y.pointer)
      }
    }
  }

  func backwardInput(outputGradient: Tensor, weights: Tensor, inputGradient: Tensor) {
    transformKernels(weights, rowsAreOutputs: true)
    let (g, dx) = (Shared(outputGradient.pointer), Shared(inputGradient.pointer))
    let u = Shared(kernels.pointer)
    let (inputs, outputs, size) = (shape.inputChannels, shape.outputChannels, blockSize)
    Parallel.chunks(transform.count, size: size) { [transform, scratch] tiles in
      scratch.use(64 * size * (inputs + outputs)) { memory in
        let products = memory + 64 * size * outputs
        transform.input(tiles, of: g.pointer, channels: outputs, into: memory, stride: size)
        for position in 0..<64 {
          BLAS.multiply(
            tiles.count, inputs, outputs, a: memory + position * size * outputs, outputs,
            b: u.pointer + Self.mirrored(position) * outputs * inputs, inputs,
            c: products + position * size * inputs, inputs)
        }
        transform.output(tiles, of: products, channels: inputs, stride: size, bias: nil, into: dx.pointer)
      }
    }
  }

  /// Where the transform of the mirrored kernel stands in that of the kernel: first and last change places on every axis.
  private static func mirrored(_ position: Int) -> Int {
    func swap(_ i: Int) -> Int { i == 0 ? 3 : i == 3 ? 0 : i }
    return swap(position / 16) * 16 + swap(position / 4 % 4) * 4 + swap(position % 4)
  }

  func backwardWeights(input: Tensor, outputGradient: Tensor, weightGradient: Tensor, biasGradient: Tensor) {
    let (x, g) = (Shared(input.pointer), Shared(outputGradient.pointer))
    let (inputs, outputs, size) = (shape.inputChannels, shape.outputChannels, blockSize)
    let (count, rows, parts) = (transform.count, shape.rows, partialKernels.count)
    let perPart = (count + parts - 1) / parts
    let rowsPerPart = (rows + parts - 1) / parts
    Parallel.forEach(parts) { [transform, scratch, partialKernels, partialBiases] part in
      let sums = partialKernels[part].pointer
      let end = min(count, (part + 1) * perPart)
      if part * perPart >= end { partialKernels[part].fill(0) }
      scratch.use(64 * size * (inputs + outputs)) { memory in
        let gradients = memory + 64 * size * inputs
        for lower in stride(from: part * perPart, to: end, by: size) {
          let tiles = lower..<min(end, lower + size)
          transform.input(tiles, of: x.pointer, channels: inputs, into: memory, stride: size)
          transform.outputGradient(tiles, of: g.pointer, channels: outputs, into: gradients, stride: size)
          for position in 0..<64 {
            BLAS.multiply(
              outputs, inputs, tiles.count, a: gradients + position * size * outputs, outputs, transposeA: true,
              b: memory + position * size * inputs, inputs, c: sums + position * outputs * inputs, inputs,
              accumulate: lower != part * perPart)
          }
        }
      }
      PartialSums.columns(
        of: g.pointer, rows: min(rows, part * rowsPerPart)..<min(rows, (part + 1) * rowsPerPart), channels: outputs,
        into: partialBiases[part])
    }
    PartialSums.add(partialKernels, into: kernels)
    PartialSums.add(partialBiases, into: biasGradient)
    let (u, target) = (Shared(kernels.pointer), Shared(weightGradient.pointer))
    Parallel.chunks(outputs, size: 8) {
      WinogradTransform.kernelGradient($0, of: u.pointer, inputs: inputs, outputs: outputs, into: target.pointer)
    }
  }

  private func transformKernels(_ weights: Tensor, rowsAreOutputs: Bool) {
    let (w, u) = (Shared(weights.pointer), Shared(kernels.pointer))
    let (inputs, outputs) = (shape.inputChannels, shape.outputChannels)
    let (rows, lanes) = rowsAreOutputs ? (outputs, inputs) : (inputs, outputs)
    Parallel.chunks(rows, size: 8) {
      WinogradTransform.kernel(
        $0, of: w.pointer, rows: rows, rowStride: rowsAreOutputs ? 27 * inputs : 1, lanes: lanes,
        laneStride: rowsAreOutputs ? 1 : 27 * inputs, step: inputs, into: u.pointer)
    }
  }
}

import Threads

/// Convolution by matrix products: each task builds a cache-sized tile of the im2col matrix and
/// multiplies it with `sgemm`.
final class Im2ColConvolution: Convolution {
  let shape: ConvolutionShape
  var implementation: String { "im2col" }
  private let im2col: Im2Col
  /// im2col of the output gradient for stride 1, where the gradient with respect to the input is
  /// itself a convolution.
  private let gradientIm2Col: Im2Col?
  /// Weights rearranged for the products: (kz, ky, kx, in, out) for the forward pass, mirrored and
  /// (kz, ky, kx, out, in) for the gradient with respect to the input.
  private let arranged: Tensor
  /// Number of partial sums. It depends on the shape alone, so results do not depend on the number
  /// of threads.
  private let parts: Int
  private let scratch: ScratchPool

  init(_ shape: ConvolutionShape, training: Bool, scratch: ScratchPool) {
    self.shape = shape
    self.scratch = scratch
    im2col = Im2Col(
      channels: shape.inputChannels, input: shape.input, output: shape.output, kernel: shape.kernel,
      stride: shape.stride,
      padding: shape.padding)
    gradientIm2Col =
      shape.stride == [1, 1, 1]
      ? Im2Col(
        channels: shape.outputChannels, input: shape.output, output: shape.input, kernel: shape.kernel,
        stride: [1, 1, 1],
        padding: zip(shape.kernel, shape.padding).map { $0 - 1 - $1 })
      : nil
    arranged = Tensor([shape.columns, shape.outputChannels])
    parts = min(8, max(2, shape.rows / 256))
    reserve(training: training)
  }

  /// Reserves the scratch memory of the forward pass and, for training, of the backward passes.
  private func reserve(training: Bool) {
    func tiles(_ columns: Int, tasks: Int) -> [Int] {
      Array(repeating: Self.tileRows(columns: columns) * columns, count: min(Parallel.threads, tasks))
    }
    if !isPointwise { scratch.reserve(tiles(shape.columns, tasks: shape.rows)) }
    guard training else { return }
    if let gradientIm2Col, !isPointwise {
      scratch.reserve(tiles(gradientIm2Col.columns, tasks: shape.rows))
    }
    scratch.reserve([parts * shape.columns * shape.outputChannels] + tiles(shape.columns, tasks: parts))
  }

  /// Rows of the im2col matrix that fit into the second-level cache beside the weights.
  private static func tileRows(columns: Int) -> Int { min(512, max(48, 110_000 / columns)) }

  private var isPointwise: Bool { shape.kernel == [1, 1, 1] && shape.stride == [1, 1, 1] }

  func prepare(weights: Tensor) { arrange(weights) }

  func forward(input: Tensor, bias: Tensor, output: Tensor) {
    let (columns, channels) = (shape.columns, shape.outputChannels)
    let x = SharedPointer(input.pointer)
    let y = SharedPointer(output.pointer)
    let w = SharedPointer(arranged.pointer)
    let b = SharedPointer(bias.pointer)
    let size = Self.tileRows(columns: columns)
    Parallel.chunks(shape.rows, size: size) { [im2col, scratch, isPointwise] rows in
      let target = y.pointer + rows.lowerBound * channels
      for row in 0..<rows.count { (target + row * channels).update(from: b.pointer, count: channels) }
      if isPointwise {
        BLAS.multiply(
          rows.count, channels, columns, a: x.pointer + rows.lowerBound * columns, columns, b: w.pointer, channels,
          c: target, channels, accumulate: true)
      } else {
        scratch.use(size * columns) { patches in
          im2col.gather(rows, from: x.pointer, into: patches)
          BLAS.multiply(
            rows.count, channels, columns, a: patches, columns, b: w.pointer, channels, c: target, channels,
            accumulate: true)
        }
      }
    }
  }

  func backwardInput(outputGradient: Tensor, weights: Tensor, inputGradient: Tensor) {
    if let gradientIm2Col {
      convolveGradient(gradientIm2Col, outputGradient, weights, inputGradient)
    } else {
      scatterGradient(outputGradient, weights, inputGradient)
    }
  }

  /// Stride 1: the input gradient is the output gradient convolved with the mirrored kernel.
  private func convolveGradient(_ im2col: Im2Col, _ outputGradient: Tensor, _ weights: Tensor, _ inputGradient: Tensor)
  {
    arrangeMirrored(weights)
    let columns = im2col.columns
    let channels = shape.inputChannels
    let g = SharedPointer(outputGradient.pointer)
    let dx = SharedPointer(inputGradient.pointer)
    let w = SharedPointer(arranged.pointer)
    let size = Self.tileRows(columns: columns)
    Parallel.chunks(shape.input.reduce(shape.batch, *), size: size) { [scratch, isPointwise] rows in
      let target = dx.pointer + rows.lowerBound * channels
      if isPointwise {
        BLAS.multiply(
          rows.count, channels, columns, a: g.pointer + rows.lowerBound * columns, columns, b: w.pointer, channels,
          c: target, channels)
      } else {
        scratch.use(size * columns) { patches in
          im2col.gather(rows, from: g.pointer, into: patches)
          BLAS.multiply(rows.count, channels, columns, a: patches, columns, b: w.pointer, channels, c: target, channels)
        }
      }
    }
  }

  /// Any stride: the gradients of im2col rows are added to the voxels that the rows were gathered from.
  ///
  /// Slabs of output planes that are not neighbors touch different voxels. The even slabs therefore
  /// run in parallel, and then the odd ones.
  private func scatterGradient(_ outputGradient: Tensor, _ weights: Tensor, _ inputGradient: Tensor) {
    inputGradient.fill(0)
    let (columns, channels) = (shape.columns, shape.outputChannels)
    let planes = shape.output[0]
    let plane = shape.output[1] * shape.output[2]
    let slab = max(1, (shape.kernel[0] - 1) / shape.stride[0])
    let slabs = (planes + slab - 1) / slab
    let g = SharedPointer(outputGradient.pointer)
    let dx = SharedPointer(inputGradient.pointer)
    let w = SharedPointer(weights.pointer)
    let size = Self.tileRows(columns: columns)
    for parity in 0..<2 {
      let count = (slabs + 1 - parity) / 2
      Parallel.forEach(shape.batch * count) { [im2col, scratch] task in
        let first = (task % count * 2 + parity) * slab
        let start = (task / count * planes + first) * plane
        let end = start + min(slab, planes - first) * plane
        scratch.use(size * columns) { patches in
          for lower in stride(from: start, to: end, by: size) {
            let rows = lower..<min(end, lower + size)
            BLAS.multiply(
              rows.count, columns, channels, a: g.pointer + lower * channels, channels, b: w.pointer, columns,
              c: patches,
              columns)
            im2col.scatter(rows, from: patches, addingTo: dx.pointer)
          }
        }
      }
    }
  }

  func backwardWeights(input: Tensor, outputGradient: Tensor, weightGradient: Tensor, biasGradient: Tensor) {
    let (columns, channels) = (shape.columns, shape.outputChannels)
    let parts = parts
    let rowsPerPart = (shape.rows + parts - 1) / parts
    let x = SharedPointer(input.pointer)
    let g = SharedPointer(outputGradient.pointer)
    let size = Self.tileRows(columns: columns)
    scratch.use(parts * columns * channels) { partial in
      let sums = SharedPointer(partial)
      Parallel.forEach(parts) { [shape, im2col, scratch, isPointwise] part in
        let end = min(shape.rows, (part + 1) * rowsPerPart)
        let weights = sums.pointer + part * columns * channels
        if part * rowsPerPart >= end { weights.update(repeating: 0, count: columns * channels) }
        scratch.use(size * columns) { patches in
          for lower in stride(from: part * rowsPerPart, to: end, by: size) {
            let rows = lower..<min(end, lower + size)
            var source = UnsafePointer(x.pointer + lower * columns)
            if !isPointwise {
              im2col.gather(rows, from: x.pointer, into: patches)
              source = UnsafePointer(patches)
            }
            BLAS.multiply(
              channels, columns, rows.count, a: g.pointer + lower * channels, channels, transposeA: true, b: source,
              columns, c: weights, columns, accumulate: lower != part * rowsPerPart)
          }
        }
      }
      PartialSums.add(partial, parts: parts, into: weightGradient)
    }
    PartialSums.rows(of: outputGradient, channels: channels, parts: parts, scratch, into: biasGradient)
  }

  /// Rearranges (out, position, in) to (position, in, out).
  private func arrange(_ weights: Tensor) {
    let (columns, channels) = (shape.columns, shape.outputChannels)
    let source = weights.pointer
    let target = arranged.pointer
    for column in 0..<columns {
      for channel in 0..<channels { target[column * channels + channel] = source[channel * columns + column] }
    }
  }

  /// Rearranges (out, position, in) to (mirrored position, out, in).
  private func arrangeMirrored(_ weights: Tensor) {
    let (inputs, outputs) = (shape.inputChannels, shape.outputChannels)
    let positions = shape.kernel.reduce(1, *)
    let source = weights.pointer
    let target = arranged.pointer
    for position in 0..<positions {
      for channel in 0..<outputs {
        (target + (position * outputs + channel) * inputs).update(
          from: source + (channel * positions + positions - 1 - position) * inputs, count: inputs)
      }
    }
  }
}

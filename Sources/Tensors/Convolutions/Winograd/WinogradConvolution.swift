import Threads

/// 3 x 3 x 3 convolution with stride 1 by Winograd's F(2 x 2 x 2, 3 x 3 x 3): a third of im2col's multiplications.
///
/// Blocks of tiles stay in the cache from the input's transform through 64 matrix products to the output. Where the kernels alone are larger
/// than a cache, many tiles are transformed first and multiplied position by position, so that each kernel is read once. In `BFloat16` the
/// transforms compute and the products sum in 32-bit floats.
final class WinogradConvolution: Convolution {
  let shape: ConvolutionShape
  private let precision: Precision
  private let transform: WinogradTransform
  /// Transformed kernels: (position, in, out) for the forward pass, (position, out, in) for the others.
  private let kernels: Tensor
  /// The same as they are multiplied.
  private let arranged: Tensor
  private let scratch: ScratchPool
  /// Tiles handled at once, in the passes over rows and over columns.
  private let rowBlock, columnBlock: Int
  /// Whether products are computed position by position.
  private let isWide: Bool
  /// Partial sums. Their number depends on the shape alone, so results do not depend on the number of threads.
  private let parts: Int

  init(_ shape: ConvolutionShape, precision: Precision, scratch: ScratchPool) {
    self.shape = shape
    self.precision = precision
    self.scratch = scratch
    transform = WinogradTransform(batch: shape.batch, extent: shape.input)
    let (inputs, outputs) = (shape.inputChannels, shape.outputChannels)
    kernels = Tensor([64, outputs, inputs])
    arranged = precision == .float32 ? kernels : Tensor([64, outputs, inputs], precision)
    let size = precision.size
    isWide = 64 * inputs * outputs * size > 8_000_000
    rowBlock = Self.block(bytesPerTile: 64 * (max(inputs, outputs) * size + min(inputs, outputs) * 4))
    columnBlock = Self.block(bytesPerTile: 64 * (inputs + outputs) * size)
    parts = min(8, max(2, transform.count / 128))
  }

  /// Whether the shape is one this handles, and large enough to be worth the transforms.
  static func suits(_ shape: ConvolutionShape) -> Bool {
    shape.kernel == [3, 3, 3] && shape.stride == [1, 1, 1] && shape.inputChannels % 16 == 0
      && shape.outputChannels % 16 == 0 && shape.rows >= 1024 && shape.input.allSatisfy { $0 >= 4 }
  }

  /// As many tiles as fit 64 MB, where products are computed position by position: a multiple of eight.
  private func group(bytesPerTile: Int) -> Int {
    (min(transform.count, max(64, 1 << 26 / bytesPerTile)) + 7) / 8 * 8
  }

  /// As many tiles as fit half of a common second-level cache: a multiple of eight.
  private static func block(bytesPerTile: Int) -> Int { max(16, min(96, 1 << 19 / bytesPerTile / 8 * 8)) }

  func prepare(weights: Tensor) { transformKernels(weights, rowsAreOutputs: false) }

  func forward(input: Tensor, bias: Tensor, output: Tensor) {
    convolve(input, shape.inputChannels, output, shape.outputChannels, bias: bias, mirrored: false)
  }

  func backwardInput(outputGradient: Tensor, weights: Tensor, inputGradient: Tensor) {
    transformKernels(weights, rowsAreOutputs: true)
    convolve(outputGradient, shape.outputChannels, inputGradient, shape.inputChannels, bias: nil, mirrored: true)
  }

  func backwardWeights(input: Tensor, outputGradient: Tensor, weightGradient: Tensor, biasGradient: Tensor) {
    switch precision {
    case .float32: sumKernels(of: Float.self, input, outputGradient)
    case .bfloat16: sumKernels(of: BFloat16.self, input, outputGradient)
    }
    PartialSums.rows(of: outputGradient, channels: shape.outputChannels, parts: parts, scratch, into: biasGradient)
    let (u, target) = (SharedPointer(kernels.pointer), SharedPointer(weightGradient.pointer))
    let (inputs, outputs) = (shape.inputChannels, shape.outputChannels)
    Parallel.chunks(outputs, size: 8) {
      WinogradTransform.kernelGradient($0, of: u.pointer, inputs: inputs, outputs: outputs, into: target.pointer)
    }
  }

  private func convolve(
    _ source: Tensor, _ sources: Int, _ target: Tensor, _ targets: Int, bias: Tensor?, mirrored: Bool
  ) {
    switch precision {
    case .float32: convolve(of: Float.self, source, sources, target, targets, bias, mirrored)
    case .bfloat16: convolve(of: BFloat16.self, source, sources, target, targets, bias, mirrored)
    }
  }

  private func convolve<Number: WinogradElement>(
    of type: Number.Type, _ source: Tensor, _ sources: Int, _ target: Tensor, _ targets: Int, _ bias: Tensor?,
    _ mirrored: Bool
  ) {
    if isWide { return convolveByPosition(of: type, source, sources, target, targets, bias, mirrored) }
    let (x, y) = (SharedPointer(source.pointer(Number.self)), SharedPointer(target.pointer(Number.self)))
    let (u, b) = (SharedPointer(arranged.bytes), SharedPointer(bias?.pointer))
    let size = rowBlock
    let kernelSize = sources * targets * Number.precision.size
    let rowBytes = WinogradMatrices<Number.Rows>.size(tiles: size, channels: sources)
    let bytes = rowBytes + WinogradMatrices<FloatRows>.size(tiles: size, channels: targets)
    Parallel.chunks(transform.count, size: size) { [transform, scratch] tiles in
      scratch.use(bytes / 4) { memory in
        let memory = UnsafeMutableRawPointer(memory)
        let rows = WinogradMatrices<Number.Rows>(memory, tiles: size, channels: sources)
        let products = WinogradMatrices<FloatRows>(memory + rowBytes, tiles: size, channels: targets)
        transform.input(tiles, of: x.pointer, channels: sources, into: rows)
        for position in 0..<64 {
          Number.multiply(
            tiles.count, targets, sources, a: rows.matrix(position),
            b: u.pointer + (mirrored ? Self.mirrored(position) : position) * kernelSize,
            c: products.matrix(position).assumingMemoryBound(to: Float.self))
        }
        transform.output(tiles, of: products, channels: targets, bias: b.pointer, into: y.pointer)
      }
    }
  }

  private func convolveByPosition<Number: WinogradElement>(
    of type: Number.Type, _ source: Tensor, _ sources: Int, _ target: Tensor, _ targets: Int, _ bias: Tensor?,
    _ mirrored: Bool
  ) {
    let (x, y) = (SharedPointer(source.pointer(Number.self)), SharedPointer(target.pointer(Number.self)))
    let (u, b) = (SharedPointer(arranged.bytes), SharedPointer(bias?.pointer))
    let kernelSize = sources * targets * Number.precision.size
    let size = group(bytesPerTile: 64 * (sources * Number.precision.size + targets * 4))
    let rowBytes = WinogradMatrices<Number.Rows>.size(tiles: size, channels: sources)
    scratch.use((rowBytes + WinogradMatrices<FloatRows>.size(tiles: size, channels: targets)) / 4) { memory in
      let memory = UnsafeMutableRawPointer(memory)
      let rows = SharedPointer(WinogradMatrices<Number.Rows>(memory, tiles: size, channels: sources))
      let products = SharedPointer(WinogradMatrices<FloatRows>(memory + rowBytes, tiles: size, channels: targets))
      for lower in stride(from: 0, to: transform.count, by: size) {
        let count = min(size, transform.count - lower)
        Parallel.chunks(count, size: Self.chunk) { [transform] chunk in
          transform.input(
            lower + chunk.lowerBound..<lower + chunk.upperBound, of: x.pointer, channels: sources,
            into: rows.pointer.dropping(chunk.lowerBound))
        }
        Parallel.forEach(64) { position in
          Number.multiply(
            count, targets, sources, a: rows.pointer.matrix(position),
            b: u.pointer + (mirrored ? Self.mirrored(position) : position) * kernelSize,
            c: products.pointer.matrix(position).assumingMemoryBound(to: Float.self))
        }
        Parallel.chunks(count, size: Self.chunk) { [transform] chunk in
          transform.output(
            lower + chunk.lowerBound..<lower + chunk.upperBound, of: products.pointer.dropping(chunk.lowerBound),
            channels: targets, bias: b.pointer, into: y.pointer)
        }
      }
    }
  }

  /// Tiles that a task transforms.
  private static var chunk: Int { 32 }

  /// Where the transform of the mirrored kernel stands in that of the kernel: first and last change places on every axis.
  private static func mirrored(_ position: Int) -> Int {
    func swap(_ i: Int) -> Int { i == 0 ? 3 : i == 3 ? 0 : i }
    return swap(position / 16) * 16 + swap(position / 4 % 4) * 4 + swap(position % 4)
  }

  /// Sets `kernels` to the gradient by the transformed kernels.
  private func sumKernels<Number: WinogradElement>(of type: Number.Type, _ input: Tensor, _ outputGradient: Tensor) {
    if isWide { return sumKernelsByPosition(of: type, input, outputGradient) }
    let (x, g) = (SharedPointer(input.pointer(Number.self)), SharedPointer(outputGradient.pointer(Number.self)))
    let (inputs, outputs, size) = (shape.inputChannels, shape.outputChannels, columnBlock)
    let (count, parts) = (transform.count, parts)
    let perPart = (count + parts - 1) / parts
    let inputBytes = WinogradMatrices<Number.Columns>.size(tiles: size, channels: inputs)
    let bytes = inputBytes + WinogradMatrices<Number.Columns>.size(tiles: size, channels: outputs)
    scratch.use(parts * kernels.count) { partial in
      let sums = SharedPointer(partial)
      Parallel.forEach(parts) { [transform, scratch] part in
        let sums = sums.pointer + part * 64 * outputs * inputs
        let end = min(count, (part + 1) * perPart)
        if part * perPart >= end { sums.update(repeating: 0, count: 64 * outputs * inputs) }
        scratch.use(bytes / 4) { memory in
          let memory = UnsafeMutableRawPointer(memory)
          let columns = WinogradMatrices<Number.Columns>(memory, tiles: size, channels: inputs)
          let gradients = WinogradMatrices<Number.Columns>(memory + inputBytes, tiles: size, channels: outputs)
          for lower in stride(from: part * perPart, to: end, by: size) {
            let tiles = lower..<min(end, lower + size)
            transform.input(tiles, of: x.pointer, channels: inputs, into: columns)
            transform.outputGradient(tiles, of: g.pointer, channels: outputs, into: gradients)
            for position in 0..<64 {
              Number.multiplyColumns(
                outputs, inputs, tiles: tiles.count, a: gradients.matrix(position), b: columns.matrix(position),
                c: sums + position * outputs * inputs, accumulate: lower != part * perPart)
            }
          }
        }
      }
      PartialSums.add(partial, parts: parts, into: kernels)
    }
  }

  private func sumKernelsByPosition<Number: WinogradElement>(
    of type: Number.Type, _ input: Tensor, _ outputGradient: Tensor
  ) {
    let (x, g) = (SharedPointer(input.pointer(Number.self)), SharedPointer(outputGradient.pointer(Number.self)))
    let (inputs, outputs, sums) = (shape.inputChannels, shape.outputChannels, SharedPointer(kernels.pointer))
    let size = group(bytesPerTile: 64 * (inputs + outputs) * Number.precision.size)
    let inputBytes = WinogradMatrices<Number.Columns>.size(tiles: size, channels: inputs)
    scratch.use((inputBytes + WinogradMatrices<Number.Columns>.size(tiles: size, channels: outputs)) / 4) { memory in
      let memory = UnsafeMutableRawPointer(memory)
      let columns = SharedPointer(WinogradMatrices<Number.Columns>(memory, tiles: size, channels: inputs))
      let gradients = SharedPointer(
        WinogradMatrices<Number.Columns>(memory + inputBytes, tiles: size, channels: outputs))
      for lower in stride(from: 0, to: transform.count, by: size) {
        let count = min(size, transform.count - lower)
        Parallel.chunks(count, size: Self.chunk) { [transform] chunk in
          let tiles = lower + chunk.lowerBound..<lower + chunk.upperBound
          transform.input(tiles, of: x.pointer, channels: inputs, into: columns.pointer.dropping(chunk.lowerBound))
          transform.outputGradient(
            tiles, of: g.pointer, channels: outputs, into: gradients.pointer.dropping(chunk.lowerBound))
        }
        Parallel.forEach(64) { position in
          Number.multiplyColumns(
            outputs, inputs, tiles: count, a: gradients.pointer.matrix(position), b: columns.pointer.matrix(position),
            c: sums.pointer + position * outputs * inputs, accumulate: lower > 0)
        }
      }
    }
  }

  private func transformKernels(_ weights: Tensor, rowsAreOutputs: Bool) {
    let (w, u) = (SharedPointer(weights.pointer), SharedPointer(kernels.pointer))
    let (inputs, outputs) = (shape.inputChannels, shape.outputChannels)
    let (rows, lanes) = rowsAreOutputs ? (outputs, inputs) : (inputs, outputs)
    Parallel.chunks(rows, size: 8) {
      WinogradTransform.kernel(
        $0, of: w.pointer, rows: rows, rowStride: rowsAreOutputs ? 27 * inputs : 1, lanes: lanes,
        laneStride: rowsAreOutputs ? 1 : 27 * inputs, step: inputs, into: u.pointer)
    }
    if precision == .bfloat16 { BFloat16.arrange(kernels, lanes, into: arranged) }
  }
}

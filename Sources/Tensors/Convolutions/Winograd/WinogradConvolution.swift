import Threads

/// A 3 x 3 x 3 convolution with stride 1 by Winograd's F(2 x 2 x 2, 3 x 3 x 3), with a third of the
/// multiplications of im2col.
///
/// A block of tiles stays in the cache from the input transform through 64 matrix products to the
/// output transform. When the transformed filters alone are larger than the cache, a large group of
/// tiles is transformed first and then multiplied position by position, so that the filters are
/// read once for each group. In `BFloat16` the transforms are computed and the products summed in
/// 32-bit floats.
final class WinogradConvolution: Convolution {
  let shape: ConvolutionShape
  var implementation: String { "Winograd" }
  private let precision: Precision
  private let transform: WinogradTransform
  /// Transformed filters: (position, in, out) for the forward pass, (position, out, in) for the others.
  private let filters: Tensor
  /// The transformed filters as the products take them: `filters` itself, or pairs of `BFloat16`.
  private let packedFilters: Tensor
  private let scratch: ScratchPool
  /// Tiles per block, where the products have a row for each tile and where they sum over tiles.
  private let rowTiles, columnTiles: Int
  /// Whether a large group of tiles is multiplied position by position.
  private let multipliesByPosition: Bool
  /// Number of partial sums. It depends on the shape alone, so results do not depend on the number
  /// of threads.
  private let parts: Int

  init(_ shape: ConvolutionShape, precision: Precision, training: Bool, scratch: ScratchPool) {
    self.shape = shape
    self.precision = precision
    self.scratch = scratch
    transform = WinogradTransform(batch: shape.batch, extent: shape.input)
    let (inputs, outputs) = (shape.inputChannels, shape.outputChannels)
    filters = Tensor([64, outputs, inputs])
    packedFilters = precision == .float32 ? filters : Tensor([64, outputs, inputs], precision)
    let size = precision.size
    multipliesByPosition = 64 * inputs * outputs * size > 8_000_000
    rowTiles = Self.tilesPerBlock(bytesPerTile: 64 * (max(inputs, outputs) * size + min(inputs, outputs) * 4))
    columnTiles = Self.tilesPerBlock(bytesPerTile: 64 * (inputs + outputs) * size)
    parts = min(8, max(2, transform.count / 128))
    switch precision {
    case .float32: reserve(for: Float.self, training: training)
    case .bfloat16: reserve(for: BFloat16.self, training: training)
    }
  }

  /// Reserves the scratch memory of the forward pass and, for training, of the backward passes.
  private func reserve<Number: WinogradElement>(for type: Number.Type, training: Bool) {
    let (inputs, outputs) = (shape.inputChannels, shape.outputChannels)
    func blocks(_ bytes: Int, tasks: Int) -> [Int] {
      Array(repeating: bytes / 4, count: min(Parallel.threads, tasks))
    }
    func products(_ sources: Int, _ targets: Int) {
      let size = multipliesByPosition ? groupTiles(of: type, sources, targets) : rowTiles
      let bytes =
        rowBytes(of: type, tiles: size, sources) + WinogradMatrices<FloatRows>.size(tiles: size, channels: targets)
      scratch.reserve(blocks(bytes, tasks: multipliesByPosition ? 1 : (transform.count + size - 1) / size))
    }
    products(inputs, outputs)
    guard training else { return }
    products(outputs, inputs)
    let size = multipliesByPosition ? groupTiles(of: type) : columnTiles
    let bytes = columnBytes(of: type, tiles: size, inputs) + columnBytes(of: type, tiles: size, outputs)
    scratch.reserve(
      multipliesByPosition ? blocks(bytes, tasks: 1) : [parts * filters.count] + blocks(bytes, tasks: parts))
  }

  /// Bytes of matrices that are multiplied by filters.
  private func rowBytes<Number: WinogradElement>(of _: Number.Type, tiles: Int, _ channels: Int) -> Int {
    WinogradMatrices<Number.Rows>.size(tiles: tiles, channels: channels)
  }

  /// Bytes of matrices whose products are summed over tiles.
  private func columnBytes<Number: WinogradElement>(of _: Number.Type, tiles: Int, _ channels: Int) -> Int {
    WinogradMatrices<Number.Columns>.size(tiles: tiles, channels: channels)
  }

  /// The tiles of a group that is multiplied by filters from `sources` to `targets` channels, position by position.
  private func groupTiles<Number: WinogradElement>(of _: Number.Type, _ sources: Int, _ targets: Int) -> Int {
    tilesPerGroup(bytesPerTile: 64 * (sources * Number.precision.size + targets * 4))
  }

  /// The tiles of a group whose products are summed over tiles, position by position.
  private func groupTiles<Number: WinogradElement>(of _: Number.Type) -> Int {
    tilesPerGroup(bytesPerTile: 64 * (shape.inputChannels + shape.outputChannels) * Number.precision.size)
  }

  /// Whether a convolution of this shape can be computed here, and is large enough to be worth the
  /// transforms.
  static func suits(_ shape: ConvolutionShape) -> Bool {
    shape.kernel == [3, 3, 3] && shape.stride == [1, 1, 1] && shape.inputChannels % 16 == 0
      && shape.outputChannels % 16 == 0 && shape.rows >= 1024 && shape.input.allSatisfy { $0 >= 4 }
  }

  /// The number of tiles, a multiple of eight, that fit into 64 MiB; used when multiplying position
  /// by position.
  private func tilesPerGroup(bytesPerTile: Int) -> Int {
    (min(transform.count, max(64, 1 << 26 / bytesPerTile)) + 7) / 8 * 8
  }

  /// The number of tiles, a multiple of eight, that fit into half of a common second-level cache.
  private static func tilesPerBlock(bytesPerTile: Int) -> Int { max(16, min(96, 1 << 19 / bytesPerTile / 8 * 8)) }

  func prepare(weights: Tensor) { transformFilters(weights, rowsAreOutputs: false) }

  func forward(input: Tensor, bias: Tensor, output: Tensor) {
    convolve(input, shape.inputChannels, output, shape.outputChannels, bias: bias, mirrored: false)
  }

  func backwardInput(outputGradient: Tensor, weights: Tensor, inputGradient: Tensor) {
    transformFilters(weights, rowsAreOutputs: true)
    convolve(outputGradient, shape.outputChannels, inputGradient, shape.inputChannels, bias: nil, mirrored: true)
  }

  func backwardWeights(input: Tensor, outputGradient: Tensor, weightGradient: Tensor, biasGradient: Tensor) {
    switch precision {
    case .float32: sumFilterGradient(of: Float.self, input, outputGradient)
    case .bfloat16: sumFilterGradient(of: BFloat16.self, input, outputGradient)
    }
    PartialSums.rows(of: outputGradient, channels: shape.outputChannels, parts: parts, scratch, into: biasGradient)
    let (u, target) = (SharedPointer(filters.pointer), SharedPointer(weightGradient.pointer))
    let (inputs, outputs) = (shape.inputChannels, shape.outputChannels)
    Parallel.chunks(outputs, size: 8) {
      WinogradTransform.filterGradient($0, of: u.pointer, inputs: inputs, outputs: outputs, into: target.pointer)
    }
  }

  /// Convolves `source`, of `sources` channels, with the transformed filters or their mirror images.
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
    if multipliesByPosition { return convolveByPosition(of: type, source, sources, target, targets, bias, mirrored) }
    let (x, y) = (SharedPointer(source.pointer(Number.self)), SharedPointer(target.pointer(Number.self)))
    let (u, b) = (SharedPointer(packedFilters.bytes), SharedPointer(bias?.pointer))
    let size = rowTiles
    let filterBytes = sources * targets * Number.precision.size
    let rowBytes = rowBytes(of: type, tiles: size, sources)
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
            b: u.pointer + (mirrored ? Self.mirrored(position) : position) * filterBytes,
            c: products.matrix(position).assumingMemoryBound(to: Float.self))
        }
        transform.output(tiles, of: products, channels: targets, bias: b.pointer, into: y.pointer)
      }
    }
  }

  /// The same as `convolve` when the filters are larger than the cache.
  private func convolveByPosition<Number: WinogradElement>(
    of type: Number.Type, _ source: Tensor, _ sources: Int, _ target: Tensor, _ targets: Int, _ bias: Tensor?,
    _ mirrored: Bool
  ) {
    let (x, y) = (SharedPointer(source.pointer(Number.self)), SharedPointer(target.pointer(Number.self)))
    let (u, b) = (SharedPointer(packedFilters.bytes), SharedPointer(bias?.pointer))
    let filterBytes = sources * targets * Number.precision.size
    let size = groupTiles(of: type, sources, targets)
    let rowBytes = rowBytes(of: type, tiles: size, sources)
    scratch.use((rowBytes + WinogradMatrices<FloatRows>.size(tiles: size, channels: targets)) / 4) { memory in
      let memory = UnsafeMutableRawPointer(memory)
      let rows = SharedPointer(WinogradMatrices<Number.Rows>(memory, tiles: size, channels: sources))
      let products = SharedPointer(WinogradMatrices<FloatRows>(memory + rowBytes, tiles: size, channels: targets))
      for lower in stride(from: 0, to: transform.count, by: size) {
        let count = min(size, transform.count - lower)
        Parallel.chunks(count, size: Self.tilesPerTask) { [transform] chunk in
          transform.input(
            lower + chunk.lowerBound..<lower + chunk.upperBound, of: x.pointer, channels: sources,
            into: rows.pointer.dropping(chunk.lowerBound))
        }
        Parallel.forEach(64) { position in
          Number.multiply(
            count, targets, sources, a: rows.pointer.matrix(position),
            b: u.pointer + (mirrored ? Self.mirrored(position) : position) * filterBytes,
            c: products.pointer.matrix(position).assumingMemoryBound(to: Float.self))
        }
        Parallel.chunks(count, size: Self.tilesPerTask) { [transform] chunk in
          transform.output(
            lower + chunk.lowerBound..<lower + chunk.upperBound, of: products.pointer.dropping(chunk.lowerBound),
            channels: targets, bias: b.pointer, into: y.pointer)
        }
      }
    }
  }

  /// Tiles that a task transforms when multiplying position by position.
  private static var tilesPerTask: Int { 32 }

  /// The position in a transformed filter that holds `position` of the transformed mirrored filter:
  /// the first and the last change places on every axis.
  private static func mirrored(_ position: Int) -> Int {
    func swap(_ i: Int) -> Int { i == 0 ? 3 : i == 3 ? 0 : i }
    return swap(position / 16) * 16 + swap(position / 4 % 4) * 4 + swap(position % 4)
  }

  /// Overwrites `filters` with the gradient with respect to the transformed filters.
  private func sumFilterGradient<Number: WinogradElement>(
    of type: Number.Type, _ input: Tensor, _ outputGradient: Tensor
  ) {
    if multipliesByPosition { return sumFilterGradientByPosition(of: type, input, outputGradient) }
    let (x, g) = (SharedPointer(input.pointer(Number.self)), SharedPointer(outputGradient.pointer(Number.self)))
    let (inputs, outputs, size) = (shape.inputChannels, shape.outputChannels, columnTiles)
    let (count, parts) = (transform.count, parts)
    let perPart = (count + parts - 1) / parts
    let inputBytes = columnBytes(of: type, tiles: size, inputs)
    let bytes = inputBytes + columnBytes(of: type, tiles: size, outputs)
    scratch.use(parts * filters.count) { partial in
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
      PartialSums.add(partial, parts: parts, into: filters)
    }
  }

  /// The same as `sumFilterGradient` when the filters are larger than the cache.
  private func sumFilterGradientByPosition<Number: WinogradElement>(
    of type: Number.Type, _ input: Tensor, _ outputGradient: Tensor
  ) {
    let (x, g) = (SharedPointer(input.pointer(Number.self)), SharedPointer(outputGradient.pointer(Number.self)))
    let (inputs, outputs, sums) = (shape.inputChannels, shape.outputChannels, SharedPointer(filters.pointer))
    let size = groupTiles(of: type)
    let inputBytes = columnBytes(of: type, tiles: size, inputs)
    scratch.use((inputBytes + columnBytes(of: type, tiles: size, outputs)) / 4) { memory in
      let memory = UnsafeMutableRawPointer(memory)
      let columns = SharedPointer(WinogradMatrices<Number.Columns>(memory, tiles: size, channels: inputs))
      let gradients = SharedPointer(
        WinogradMatrices<Number.Columns>(memory + inputBytes, tiles: size, channels: outputs))
      for lower in stride(from: 0, to: transform.count, by: size) {
        let count = min(size, transform.count - lower)
        Parallel.chunks(count, size: Self.tilesPerTask) { [transform] chunk in
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

  /// Sets `filters` and `packedFilters` to the transformed weights, with a row for each output or
  /// each input channel.
  private func transformFilters(_ weights: Tensor, rowsAreOutputs: Bool) {
    let (w, u) = (SharedPointer(weights.pointer), SharedPointer(filters.pointer))
    let (inputs, outputs) = (shape.inputChannels, shape.outputChannels)
    let (rows, columns) = rowsAreOutputs ? (outputs, inputs) : (inputs, outputs)
    Parallel.chunks(rows, size: 8) {
      WinogradTransform.filter(
        $0, of: w.pointer, rows: rows, rowStride: rowsAreOutputs ? 27 * inputs : 1, columns: columns,
        columnStride: rowsAreOutputs ? 1 : 27 * inputs, step: inputs, into: u.pointer)
    }
    if precision == .bfloat16 { BFloat16.packPairs(filters, columns, into: packedFilters) }
  }
}

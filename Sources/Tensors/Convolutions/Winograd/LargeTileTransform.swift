/// The linear transforms of Winograd's minimal filtering F(4 x 4 x 4, 3 x 3 x 3).
///
/// A tile d of 6 x 6 x 6 inputs and a filter g are transformed to 216 numbers each, whose 216 products are transformed
/// to 4 x 4 x 4 outputs; a direct convolution needs 1,728 products, and ``WinogradTransform`` 512. Along one axis the
/// outputs are Aᵀ[(Gg) ⊙ (Bᵀd)], with polynomials evaluated at 0, ±a, ±b and infinity, where a = √½ and b = √2:
///
///     Bᵀd = (d₀ − 2.5 d₂ + d₄,  e ± a f,  g ± b h,  d₁ − 2.5 d₃ + d₅)
///           with e = d₄ − 2 d₂, f = d₃ − 2 d₁, g = d₄ − d₂ / 2, h = d₃ − d₁ / 2
///     Gg  = (g₀,  −⅔ (g₀ + g₂ / 2 ± a g₁),  ⅙ (g₀ + 2 g₂ ± b g₁),  g₂)
///     Aᵀm = (m₀ + p + r,  a q + b s,  p / 2 + 2 r,  a³ q + b³ s + m₅)
///           with p = m₁ + m₂, q = m₁ − m₂, r = m₃ + m₄, s = m₃ − m₄
///
/// With these points errors are a fifth of those with the usual ±1 and ±2 (Barabasz et al., ACM TOMS 2020, on their
/// choice): at most about 4e-6 of the standard deviation of the outputs, eight times those of ``WinogradTransform``.
///
/// The transforms work on lines of tiles along x. A vector holds sixteen channels.
struct LargeTileTransform: Sendable {
  typealias Vector = SIMD16<Float>
  typealias Six = (Vector, Vector, Vector, Vector, Vector, Vector)
  typealias Four = (Vector, Vector, Vector, Vector)

  /// Voxels along z, y, x; the same before and after the convolution.
  let extent: [Int]
  /// Tiles along z, y, x.
  let tiles: [Int]
  /// Lines of tiles along x in the whole batch.
  let lines: Int

  init(batch: Int, extent: [Int]) {
    self.extent = extent
    tiles = extent.map { ($0 + 3) / 4 }
    lines = batch * tiles[0] * tiles[1]
  }

  /// Voxels along x that a line of tiles covers before and after the convolution.
  var inputWidth: Int { 4 * tiles[2] + 2 }
  var outputWidth: Int { 4 * tiles[2] }

  /// The sample and the first output voxel (z, y) of a line of tiles.
  @inline(__always)
  private func origin(_ line: Int) -> (n: Int, z: Int, y: Int) {
    let slice = line / tiles[1]
    return (slice / tiles[0], slice % tiles[0] * 4, line % tiles[1] * 4)
  }

  /// The number of output voxels of a line of tiles.
  func outputs(_ line: Int) -> Int {
    let (_, z, y) = origin(line)
    return min(4, extent[0] - z) * min(4, extent[1] - y) * extent[2]
  }

  /// Applies the input transform along z and y to the voxels of lines of tiles, with zeros outside the volume.
  ///
  /// - Parameters:
  ///   - range: The lines, numbered through the batch.
  ///   - source: A tensor N D H W C.
  ///   - map: What is done to the voxels first; `nil` for nothing.
  ///   - channels: Channels of `source`, a multiple of sixteen.
  ///   - target: 36 matrices, for each (z, y) in a tile: a row for each line and voxel along x.
  func columns(
    _ range: Range<Int>, of source: UnsafePointer<Float>, map: ChannelMap?, channels: Int, into target: PaddedMatrices
  ) {
    let (row, plane) = (extent[2] * channels, extent[1] * extent[2] * channels)
    withUnsafeTemporaryAllocation(of: Vector.self, capacity: 36) { work in
      let work = work.baseAddress!
      for (i, line) in range.enumerated() {
        let (n, z0, y0) = origin(line)
        let (start, inside) = ((n * extent[0] + z0 - 1) * plane + (y0 - 1) * row, rowsInside(z0, y0))
        let isInterior = inside == (1 << 36) - 1
        for column in 0..<inputWidth {
          let place = target.memory + (i * inputWidth + column) * channels
          for c in stride(from: 0, to: channels, by: 16) {
            guard 1...extent[2] ~= column else {
              for k in 0..<36 { Float.store(.zero, place + c + k * target.stride) }
              continue
            }
            let voxels = PlainVoxels(start: source + (start + (column - 1) * channels + c), row: row, plane: plane)
            let place = place + c
            if let map {
              let mapped = MappedVoxels(voxels, map, index: n * channels + c)
              if isInterior {
                transform(mapped, work, into: place, target.stride)
              } else {
                transform(EdgeVoxels(voxels: mapped, inside: inside), work, into: place, target.stride)
              }
            } else if isInterior {
              transform(voxels, work, into: place, target.stride)
            } else {
              transform(EdgeVoxels(voxels: voxels, inside: inside), work, into: place, target.stride)
            }
          }
        }
      }
    }
  }

  /// For each of the 36 rows of voxels, in a line of tiles with these first outputs, a bit that tells whether it is
  /// inside the volume.
  private func rowsInside(_ z0: Int, _ y0: Int) -> UInt64 {
    (0..<36).reduce(0) { bits, row in
      let (z, y) = (z0 + row / 6 - 1, y0 + row % 6 - 1)
      let isInside = 0..<extent[0] ~= z && 0..<extent[1] ~= y
      return isInside ? bits | 1 << UInt64(row) : bits
    }
  }

  /// Applies the input transform along y and z to 6 x 6 voxels with the same x.
  @inline(__always)
  private func transform<Source: Voxels>(
    _ voxels: Source, _ work: UnsafeMutablePointer<Vector>, into target: UnsafeMutablePointer<Float>, _ stride: Int
  ) {
    for z in 0..<6 {
      let w = work + 6 * z
      (w[0], w[1], w[2], w[3], w[4], w[5]) = Self.input(
        (
          voxels.load(z, 0), voxels.load(z, 1), voxels.load(z, 2), voxels.load(z, 3), voxels.load(z, 4),
          voxels.load(z, 5)
        ))
    }
    for y in 0..<6 {
      let w = work + y
      let t = Self.input((w[0], w[6], w[12], w[18], w[24], w[30]))
      let (place, step) = (target + y * stride, 6 * stride)
      Float.store(t.0, place)
      Float.store(t.1, place + step)
      Float.store(t.2, place + 2 * step)
      Float.store(t.3, place + 3 * step)
      Float.store(t.4, place + 4 * step)
      Float.store(t.5, place + 5 * step)
    }
  }

  /// Applies the input transform along x to one of the matrices of `columns`.
  ///
  /// - Parameters:
  ///   - lines: The number of lines.
  ///   - source: A row for each line and voxel along x.
  ///   - channels: Columns of the matrices, a multiple of sixteen.
  ///   - target: Six matrices: a row for each tile.
  func rows(_ lines: Int, of source: UnsafePointer<Float>, channels: Int, into target: PaddedMatrices) {
    for line in 0..<lines {
      for tile in 0..<tiles[2] {
        let from = source + (line * inputWidth + 4 * tile) * channels
        let place = target.memory + (line * tiles[2] + tile) * channels
        for c in stride(from: 0, to: channels, by: 16) {
          let d = from + c
          let t = Self.input(
            (
              Float.load(d), Float.load(d + channels), Float.load(d + 2 * channels), Float.load(d + 3 * channels),
              Float.load(d + 4 * channels), Float.load(d + 5 * channels)
            ))
          let place = place + c
          Float.store(t.0, place)
          Float.store(t.1, place + target.stride)
          Float.store(t.2, place + 2 * target.stride)
          Float.store(t.3, place + 3 * target.stride)
          Float.store(t.4, place + 4 * target.stride)
          Float.store(t.5, place + 5 * target.stride)
        }
      }
    }
  }

  /// Applies the output transform along x to the products of one (z, y).
  ///
  /// - Parameters:
  ///   - lines: The number of lines.
  ///   - products: Six matrices: a row for each tile.
  ///   - channels: Columns of the matrices, a multiple of sixteen.
  ///   - target: A row for each line and voxel along x.
  func rowOutputs(
    _ lines: Int, of products: PaddedMatrices, channels: Int, into target: UnsafeMutablePointer<Float>
  ) {
    for tile in 0..<lines * tiles[2] {
      let from = products.memory + tile * channels
      let place = target + 4 * tile * channels
      for c in stride(from: 0, to: channels, by: 16) {
        let m = from + c
        let t = Self.output(
          (
            Float.load(m), Float.load(m + products.stride), Float.load(m + 2 * products.stride),
            Float.load(m + 3 * products.stride), Float.load(m + 4 * products.stride),
            Float.load(m + 5 * products.stride)
          ))
        let place = place + c
        Float.store(t.0, place)
        Float.store(t.1, place + channels)
        Float.store(t.2, place + 2 * channels)
        Float.store(t.3, place + 3 * channels)
      }
    }
  }

  /// Applies the output transform along y and z and adds `bias`; outputs outside the volume are dropped.
  ///
  /// - Parameters:
  ///   - range: The lines, numbered through the batch.
  ///   - source: 36 matrices from `rowOutputs`, for each (z, y) in a tile.
  ///   - channels: Channels of the output, a multiple of sixteen.
  ///   - bias: One number for each channel, or `nil` for none.
  ///   - target: A tensor N D H W C.
  ///   - sums: For each line and channel the first output, the sum of all outputs' differences from it, and that of the
  ///     squares of the differences: (line, 3, channel); `nil` where they are not asked for.
  func outputs(
    _ range: Range<Int>, of source: PaddedMatrices, channels: Int, bias: UnsafePointer<Float>?,
    into target: UnsafeMutablePointer<Float>, sums: UnsafeMutablePointer<Float>?
  ) {
    withUnsafeTemporaryAllocation(of: Vector.self, capacity: 24) { work in
      let work = work.baseAddress!
      let (row, plane) = (extent[2] * channels, extent[1] * extent[2] * channels)
      for (i, line) in range.enumerated() {
        let (n, z0, y0) = origin(line)
        let (depth, height) = (min(4, extent[0] - z0), min(4, extent[1] - y0))
        let start = target + (n * extent[0] + z0) * plane + y0 * row
        for x in 0..<extent[2] {
          let from = source.memory + (i * outputWidth + x) * channels
          for c in stride(from: 0, to: channels, by: 16) {
            for z in 0..<6 {
              let m = from + c + 6 * z * source.stride
              let w = work + 4 * z
              (w[0], w[1], w[2], w[3]) = Self.output(
                (
                  Float.load(m), Float.load(m + source.stride), Float.load(m + 2 * source.stride),
                  Float.load(m + 3 * source.stride), Float.load(m + 4 * source.stride),
                  Float.load(m + 5 * source.stride)
                ))
            }
            let offset = bias.map { Float.load($0 + c) } ?? .zero
            let lineSums = sums.map { $0 + i * 3 * channels + c }
            var (first, sum, squares) = (Vector.zero, Vector.zero, Vector.zero)
            if let lineSums {
              if x == 0 {
                first = Self.output((work[0], work[4], work[8], work[12], work[16], work[20])).0 + offset
                Float.store(first, lineSums)
              } else {
                first = Float.load(lineSums)
                (sum, squares) = (Float.load(lineSums + channels), Float.load(lineSums + 2 * channels))
              }
            }
            @inline(__always)
            func put(_ value: Vector, _ place: UnsafeMutablePointer<Float>) {
              Float.store(value, place)
              let difference = value - first
              sum += difference
              squares.addProduct(difference, difference)
            }
            for y in 0..<height {
              let w = work + y
              let t = Self.output((w[0], w[4], w[8], w[12], w[16], w[20]))
              let place = start + y * row + x * channels + c
              put(t.0 + offset, place)
              if depth > 1 { put(t.1 + offset, place + plane) }
              if depth > 2 { put(t.2 + offset, place + 2 * plane) }
              if depth > 3 { put(t.3 + offset, place + 3 * plane) }
            }
            if let lineSums {
              Float.store(sum, lineSums + channels)
              Float.store(squares, lineSums + 2 * channels)
            }
          }
        }
      }
    }
  }

  /// √½ and √2, and their cubes.
  static var a: Float { 0.707_106_78 }
  static var b: Float { 1.414_213_56 }
  private static var a3: Float { 0.353_553_39 }
  private static var b3: Float { 2.828_427_12 }

  /// Bᵀd along one axis.
  @inline(__always)
  private static func input(_ d: Six) -> Six {
    let (e, f) = (d.4.addingProduct(-2, d.2), d.3.addingProduct(-2, d.1))
    let (g, h) = (d.4.addingProduct(-0.5, d.2), d.3.addingProduct(-0.5, d.1))
    return (
      (d.0 + d.4).addingProduct(-2.5, d.2), e.addingProduct(a, f), e.addingProduct(-a, f), g.addingProduct(b, h),
      g.addingProduct(-b, h), (d.1 + d.5).addingProduct(-2.5, d.3)
    )
  }

  /// Aᵀm along one axis.
  @inline(__always)
  private static func output(_ m: Six) -> Four {
    let (p, q, r, s) = (m.1 + m.2, m.1 - m.2, m.3 + m.4, m.3 - m.4)
    return (
      m.0 + p + r, (a * q).addingProduct(b, s), (0.5 * p).addingProduct(2, r),
      m.5.addingProduct(a3, q).addingProduct(b3, s)
    )
  }
}

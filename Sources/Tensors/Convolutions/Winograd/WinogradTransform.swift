/// The linear transforms of Winograd's minimal filtering F(2 x 2 x 2, 3 x 3 x 3) (Lavin and Gray, CVPR 2016).
///
/// A tile d of 4 x 4 x 4 inputs and a filter g are transformed to 64 numbers each. Their 64
/// products, summed over input channels, are transformed to 2 x 2 x 2 outputs; a direct convolution
/// needs 216 products. Along one axis the outputs are Aᵀ[(Gg) ⊙ (Bᵀd)], where
///
///     Bᵀd = (d₀ − d₂, d₁ + d₂, d₂ − d₁, d₁ − d₃)                 input transform
///     Gg  = (g₀, (g₀ + g₁ + g₂) / 2, (g₀ − g₁ + g₂) / 2, g₂)     filter transform
///     Aᵀm = (m₀ + m₁ + m₂, m₁ − m₂ − m₃)                         output transform
///
/// and the gradients go through the transposes A and Gᵀ. Each transform is applied to the three
/// axes in turn. A vector holds sixteen channels; `WinogradMatrices` hold the 64 numbers of each
/// tile and channel.
struct WinogradTransform: Sendable {
  typealias Vector = SIMD16<Float>

  /// Samples per batch.
  let batch: Int
  /// Voxels along z, y, x; the same before and after the convolution.
  let extent: [Int]
  /// Tiles along z, y, x.
  let tiles: [Int]

  init(batch: Int, extent: [Int]) {
    self.batch = batch
    self.extent = extent
    tiles = extent.map { ($0 + 1) / 2 }
  }

  /// Tiles of the whole batch.
  var count: Int { tiles.reduce(batch, *) }

  /// The sample and the (z, y, x) of a tile's first output voxel.
  @inline(__always)
  private func origin(_ tile: Int) -> (n: Int, z: Int, y: Int, x: Int) {
    let x = tile % tiles[2]
    let y = tile / tiles[2] % tiles[1]
    let slice = tile / (tiles[2] * tiles[1])
    return (slice / tiles[0], slice % tiles[0] * 2, y * 2, x * 2)
  }

  /// The index of a tile's first output voxel in the batch, and whether its second voxel along each
  /// axis is inside the volume.
  @inline(__always)
  private func outputVoxel(_ tile: Int) -> (voxel: Int, hasZ: Bool, hasY: Bool, hasX: Bool) {
    let (n, z, y, x) = origin(tile)
    return (
      ((n * extent[0] + z) * extent[1] + y) * extent[2] + x, z + 1 < extent[0], y + 1 < extent[1], x + 1 < extent[2]
    )
  }

  /// Applies the input transform to the 4 x 4 x 4 voxels of each tile, with zeros outside the volume.
  ///
  /// Along a line of tiles each column of 4 x 4 voxels is read and transformed once, although two
  /// tiles share it.
  ///
  /// - Parameters:
  ///   - range: The tiles to transform, numbered through the batch.
  ///   - source: A tensor N D H W C.
  ///   - channels: Channels of `source`, a multiple of sixteen.
  ///   - target: Matrices whose first row is for the first tile of `range`.
  func input<Source: VectorElement, Layout: WinogradLayout>(
    _ range: Range<Int>, of source: UnsafePointer<Source>, channels: Int, into target: WinogradMatrices<Layout>
  ) {
    withRows(of: Source.self) { rows, zeros in
      // The last four columns of each vector of channels: (vector, column, z, y).
      withUnsafeTemporaryAllocation(of: Vector.self, capacity: Self.vectorsPerGroup * 64) { memory in
        let columns = memory.baseAddress!
        forEachLine(range) { tiles, n, z0, y0, x0 in
          for group in Swift.stride(from: 0, to: channels, by: Self.vectorsPerGroup * 16) {
            for row in 0..<16 {
              let (z, y) = (z0 + row / 4 - 1, y0 + row % 4 - 1)
              let isInside = z >= 0 && z < extent[0] && y >= 0 && y < extent[1]
              let start = (((n * extent[0] + z) * extent[1] + y) * extent[2]) * channels + group
              rows[row] = isInside ? (source + start, channels) : (zeros, 0)
            }
            let vectors = min(Self.vectorsPerGroup, (channels - group) / 16)
            for vector in 0..<vectors {
              transformColumn(x0 - 1, rows, vector, into: columns + vector * 64)
              transformColumn(x0, rows, vector, into: columns + vector * 64 + 16)
            }
            for (i, tile) in tiles.enumerated() {
              let index = tile - range.lowerBound
              for vector in 0..<vectors {
                // The first two columns of a tile are the last two of the tile before it.
                let first = columns + vector * 64 + i % 2 * 32
                let last = columns + vector * 64 + (1 - i % 2) * 32
                transformColumn(x0 + 2 * i + 1, rows, vector, into: last)
                transformColumn(x0 + 2 * i + 2, rows, vector, into: last + 16)
                let destination = target.pointer(tile: index, channel: group + vector * 16)
                for k in 0..<16 {
                  let d = inputTransform(first[k], first[16 + k], last[k], last[16 + k])
                  let row = destination + 4 * k * target.stride
                  Layout.store(d.0, row, tile: index)
                  Layout.store(d.1, row + target.stride, tile: index)
                  Layout.store(d.2, row + 2 * target.stride, tile: index)
                  Layout.store(d.3, row + 3 * target.stride, tile: index)
                }
              }
            }
          }
        }
      }
    }
  }

  /// Vectors of channels that are transformed together: they fill whole cache lines of a voxel.
  private static var vectorsPerGroup: Int { 4 }

  /// The first element of each of the 16 rows of voxels that a line of tiles covers, and the
  /// elements from one voxel to the next: 0 for a row of zeros outside the volume.
  private typealias Rows<Source> = UnsafeMutablePointer<(start: UnsafePointer<Source>, step: Int)>

  /// Calls `body` with memory for 16 rows and with zeros to read where a row is outside the volume.
  private func withRows<Source: VectorElement>(
    of type: Source.Type, _ body: (Rows<Source>, UnsafePointer<Source>) -> Void
  ) {
    withUnsafeTemporaryAllocation(of: (start: UnsafePointer<Source>, step: Int).self, capacity: 16) { rows in
      withUnsafeTemporaryAllocation(of: Source.self, capacity: Self.vectorsPerGroup * 16) { zeros in
        zeros.initialize(repeating: Source(0))
        body(rows.baseAddress!, UnsafePointer(zeros.baseAddress!))
      }
    }
  }

  /// Applies the input transform along y and z to the 4 x 4 voxels at `x`.
  @inline(__always)
  private func transformColumn<Source: VectorElement>(
    _ x: Int, _ rows: Rows<Source>, _ vector: Int, into target: UnsafeMutablePointer<Vector>
  ) {
    guard x >= 0, x < extent[2] else {
      for k in 0..<16 { target[k] = .zero }
      return
    }
    @inline(__always)
    func voxel(_ row: Int) -> Vector { Source.load(rows[row].start + x * rows[row].step + vector * 16) }
    @inline(__always)
    func plane(_ z: Int) -> (Vector, Vector, Vector, Vector) {
      inputTransform(voxel(4 * z), voxel(4 * z + 1), voxel(4 * z + 2), voxel(4 * z + 3))
    }
    let (p0, p1, p2, p3) = (plane(0), plane(1), plane(2), plane(3))
    @inline(__always)
    func put(_ d: (Vector, Vector, Vector, Vector), _ y: Int) {
      target[y] = d.0
      target[4 + y] = d.1
      target[8 + y] = d.2
      target[12 + y] = d.3
    }
    put(inputTransform(p0.0, p1.0, p2.0, p3.0), 0)
    put(inputTransform(p0.1, p1.1, p2.1, p3.1), 1)
    put(inputTransform(p0.2, p1.2, p2.2, p3.2), 2)
    put(inputTransform(p0.3, p1.3, p2.3, p3.3), 3)
  }

  /// Calls `body` for each part of a range of tiles that lies on one line along x, with its sample
  /// and its first output voxel.
  @inline(__always)
  private func forEachLine(_ range: Range<Int>, _ body: (Range<Int>, _ n: Int, _ z: Int, _ y: Int, _ x: Int) -> Void) {
    var tile = range.lowerBound
    while tile < range.upperBound {
      let end = min(range.upperBound, (tile / tiles[2] + 1) * tiles[2])
      let start = origin(tile)
      body(tile..<end, start.n, start.z, start.y, start.x)
      tile = end
    }
  }

  /// Applies the output transform to the 64 products of each tile and adds `bias`; outputs outside
  /// the volume are dropped.
  ///
  /// - Parameters:
  ///   - range: The tiles to transform, numbered through the batch.
  ///   - products: Matrices whose first row is for the first tile of `range`.
  ///   - channels: Channels of the output, a multiple of sixteen.
  ///   - bias: One number for each channel, or `nil` for none.
  ///   - target: A tensor N D H W C.
  func output<Target: VectorElement>(
    _ range: Range<Int>, of products: WinogradMatrices<FloatRows>, channels: Int, bias: UnsafePointer<Float>?,
    into target: UnsafeMutablePointer<Target>
  ) {
    let (height, width) = (extent[1], extent[2])
    for (i, tile) in range.enumerated() {
      let (first, hasZ, hasY, hasX) = outputVoxel(tile)
      for c in Swift.stride(from: 0, to: channels, by: 16) {
        let source = products.pointer(tile: i, channel: c)
        @inline(__always)
        func product(_ position: Int) -> Vector {
          (source + position * products.stride).loadUnaligned(as: Vector.self)
        }
        @inline(__always)
        func row(_ z: Int, _ y: Int) -> (Vector, Vector) {
          let m = (z * 4 + y) * 4
          let (m1, m2) = (product(m + 1), product(m + 2))
          return (product(m) + m1 + m2, m1 - m2 - product(m + 3))
        }
        /// The four outputs of a plane, (y, x).
        @inline(__always)
        func plane(_ z: Int) -> (Vector, Vector, Vector, Vector) {
          let (r0, r1, r2, r3) = (row(z, 0), row(z, 1), row(z, 2), row(z, 3))
          return (r0.0 + r1.0 + r2.0, r0.1 + r1.1 + r2.1, r1.0 - r2.0 - r3.0, r1.1 - r2.1 - r3.1)
        }
        let offset = bias.map { Float.load($0 + c) } ?? .zero
        let (p0, p1) = (plane(0), plane(1))
        var near = (p0.0 + p1.0, p0.1 + p1.1, p0.2 + p1.2, p0.3 + p1.3)
        var far = p1
        let p2 = plane(2)
        near = (near.0 + p2.0, near.1 + p2.1, near.2 + p2.2, near.3 + p2.3)
        far = (far.0 - p2.0, far.1 - p2.1, far.2 - p2.2, far.3 - p2.3)
        let p3 = plane(3)
        far = (far.0 - p3.0, far.1 - p3.1, far.2 - p3.2, far.3 - p3.3)
        let voxel = target + first * channels + c
        @inline(__always)
        func put(_ values: (Vector, Vector, Vector, Vector), _ voxel: UnsafeMutablePointer<Target>) {
          Target.store(values.0 + offset, voxel)
          if hasX { Target.store(values.1 + offset, voxel + channels) }
          guard hasY else { return }
          Target.store(values.2 + offset, voxel + width * channels)
          if hasX { Target.store(values.3 + offset, voxel + (width + 1) * channels) }
        }
        put(near, voxel)
        if hasZ { put(far, voxel + height * width * channels) }
      }
    }
  }

  /// Computes the gradient with respect to each tile's 64 products: the transpose of `output`.
  ///
  /// - Parameters:
  ///   - range: The tiles to transform, numbered through the batch.
  ///   - source: The output gradient, a tensor N D H W C.
  ///   - channels: Channels of the output, a multiple of sixteen.
  ///   - target: Matrices whose first row is for the first tile of `range`.
  func outputGradient<Source: VectorElement, Layout: WinogradLayout>(
    _ range: Range<Int>, of source: UnsafePointer<Source>, channels: Int, into target: WinogradMatrices<Layout>
  ) {
    let (height, width) = (extent[1], extent[2])
    for (i, tile) in range.enumerated() {
      let (first, hasZ, hasY, hasX) = outputVoxel(tile)
      for c in Swift.stride(from: 0, to: channels, by: 16) {
        let destination = target.pointer(tile: i, channel: c)
        let voxel = source + first * channels + c
        /// The gradients at (y, x) of both planes, transformed along z.
        @inline(__always)
        func column(_ y: Int, _ x: Int) -> (Vector, Vector, Vector, Vector) {
          guard (y == 0 || hasY) && (x == 0 || hasX) else { return (.zero, .zero, .zero, .zero) }
          let near = voxel + (y * width + x) * channels
          let far = hasZ ? Source.load(near + height * width * channels) : .zero
          return outputGradientTransform(Source.load(near), far)
        }
        let (c00, c01, c10, c11) = (column(0, 0), column(0, 1), column(1, 0), column(1, 1))
        @inline(__always)
        func plane(_ z: Int, _ g00: Vector, _ g01: Vector, _ g10: Vector, _ g11: Vector) {
          let (top, bottom) = (outputGradientTransform(g00, g01), outputGradientTransform(g10, g11))
          @inline(__always)
          func put(_ top: Vector, _ bottom: Vector, _ x: Int) {
            let d = outputGradientTransform(top, bottom)
            let row = destination + (z * 16 + x) * target.stride
            Layout.store(d.0, row, tile: i)
            Layout.store(d.1, row + 4 * target.stride, tile: i)
            Layout.store(d.2, row + 8 * target.stride, tile: i)
            Layout.store(d.3, row + 12 * target.stride, tile: i)
          }
          put(top.0, bottom.0, 0)
          put(top.1, bottom.1, 1)
          put(top.2, bottom.2, 2)
          put(top.3, bottom.3, 3)
        }
        plane(0, c00.0, c01.0, c10.0, c11.0)
        plane(1, c00.1, c01.1, c10.1, c11.1)
        plane(2, c00.2, c01.2, c10.2, c11.2)
        plane(3, c00.3, c01.3, c10.3, c11.3)
      }
    }
  }

  /// Ay along one axis: the transpose of the output transform.
  @inline(__always)
  private func outputGradientTransform(_ first: Vector, _ second: Vector) -> (Vector, Vector, Vector, Vector) {
    (first, first + second, first - second, -second)
  }

  /// Bᵀd along one axis.
  @inline(__always)
  private func inputTransform(
    _ d0: Vector, _ d1: Vector, _ d2: Vector, _ d3: Vector
  ) -> (Vector, Vector, Vector, Vector) {
    (d0 - d2, d1 + d2, d2 - d1, d1 - d3)
  }

  /// Applies the filter transform to weights.
  ///
  /// - Parameters:
  ///   - range: The rows to transform.
  ///   - weights: The weights (out, kz, ky, kx, in). Rows are output channels and columns input
  ///     channels, or the other way round.
  ///   - rows: Rows in all.
  ///   - rowStride: Floats from one row to the next in `weights`.
  ///   - columns: Columns in all, a multiple of sixteen.
  ///   - columnStride: Floats from one column to the next in `weights`.
  ///   - step: Floats from one kernel position to the next in `weights`.
  ///   - target: The transformed filters (position, row, column).
  static func filter(
    _ range: Range<Int>, of weights: UnsafePointer<Float>, rows: Int, rowStride: Int, columns: Int,
    columnStride: Int, step: Int, into target: UnsafeMutablePointer<Float>
  ) {
    withUnsafeTemporaryAllocation(of: Vector.self, capacity: 64) { work in
      let work = work.baseAddress!
      for row in range {
        for c in Swift.stride(from: 0, to: columns, by: 16) {
          let source = weights + row * rowStride + c * columnStride
          func load(_ position: Int) -> Vector {
            let weight = source + position * step
            if columnStride == 1 { return Float.load(weight) }
            var gathered = Vector.zero
            for i in 0..<16 { gathered[i] = weight[i * columnStride] }
            return gathered
          }
          /// Gg along one axis.
          func filterTransform(
            _ g0: Vector, _ g1: Vector, _ g2: Vector, to result: UnsafeMutablePointer<Vector>, _ step: Int
          ) {
            let outer = (g0 + g2) * 0.5
            let half = g1 * 0.5
            result[0] = g0
            result[step] = outer + half
            result[2 * step] = outer - half
            result[3 * step] = g2
          }
          for z in 0..<3 {
            for y in 0..<3 {
              let line = (z * 3 + y) * 3
              filterTransform(load(line), load(line + 1), load(line + 2), to: work + z * 16 + y * 4, 1)
            }
            for x in 0..<4 {
              let column = work + z * 16 + x
              filterTransform(column[0], column[4], column[8], to: column, 4)
            }
          }
          for k in 0..<16 { filterTransform(work[k], work[16 + k], work[32 + k], to: work + k, 16) }
          for k in 0..<64 { Float.store(work[k], target + (k * rows + row) * columns + c) }
        }
      }
    }
  }

  /// Computes the gradient with respect to the weights: the transpose of `filter`.
  ///
  /// - Parameters:
  ///   - range: The output channels to compute.
  ///   - source: The gradient with respect to the transformed filters (position, out, in).
  ///   - inputs: Input channels, a multiple of sixteen.
  ///   - outputs: Output channels.
  ///   - target: The gradient with respect to the weights (out, kz, ky, kx, in).
  static func filterGradient(
    _ range: Range<Int>, of source: UnsafePointer<Float>, inputs: Int, outputs: Int,
    into target: UnsafeMutablePointer<Float>
  ) {
    withUnsafeTemporaryAllocation(of: Vector.self, capacity: 64) { work in
      let work = work.baseAddress!
      for o in range {
        for c in Swift.stride(from: 0, to: inputs, by: 16) {
          for k in 0..<64 { work[k] = Float.load(source + (k * outputs + o) * inputs + c) }
          /// Gᵀu along one axis, in place.
          func filterGradientTransform(_ u: UnsafeMutablePointer<Vector>, _ step: Int) {
            let outer = (u[step] + u[2 * step]) * 0.5
            let middle = (u[step] - u[2 * step]) * 0.5
            u[0] += outer
            u[2 * step] = outer + u[3 * step]
            u[step] = middle
          }
          for k in 0..<16 { filterGradientTransform(work + k, 16) }
          for z in 0..<3 {
            for x in 0..<4 { filterGradientTransform(work + z * 16 + x, 4) }
            for y in 0..<3 {
              filterGradientTransform(work + z * 16 + y * 4, 1)
              for x in 0..<3 {
                Float.store(work[z * 16 + y * 4 + x], target + ((o * 27 + (z * 3 + y) * 3 + x) * inputs + c))
              }
            }
          }
        }
      }
    }
  }
}

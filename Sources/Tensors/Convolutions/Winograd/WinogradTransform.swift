/// The linear maps of Winograd's minimal filtering F(2 x 2 x 2, 3 x 3 x 3) (Lavin and Gray, CVPR 2016), each axis in turn: a tile of 4 x 4 x 4
/// inputs and a kernel are mapped to 64 numbers each, multiplied, and mapped to 2 x 2 x 2 outputs. 64 products replace 216.
///
/// A lane is a channel; `WinogradMatrices` hold the 64 numbers of each tile and channel.
struct WinogradTransform: Sendable {
  typealias Lane = SIMD16<Float>

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

  /// The first voxel a tile writes, as sample, z, y, x.
  @inline(__always)
  private func origin(_ tile: Int) -> (n: Int, z: Int, y: Int, x: Int) {
    let x = tile % tiles[2]
    let y = tile / tiles[2] % tiles[1]
    let slice = tile / (tiles[2] * tiles[1])
    return (slice / tiles[0], slice % tiles[0] * 2, y * 2, x * 2)
  }

  /// The first voxel a tile writes, counted through the batch, and along which axes there is another one behind it.
  @inline(__always)
  private func place(_ tile: Int) -> (voxel: Int, hasZ: Bool, hasY: Bool, hasX: Bool) {
    let (n, z, y, x) = origin(tile)
    return (
      ((n * extent[0] + z) * extent[1] + y) * extent[2] + x, z + 1 < extent[0], y + 1 < extent[1], x + 1 < extent[2]
    )
  }

  /// Maps the 4 x 4 x 4 voxels around each tile's output, zeros outside the volume.
  ///
  /// Along a line of tiles each column of 4 x 4 voxels is read and mapped once, although two tiles share it.
  func input<Source: VectorElement, Form: WinogradForm>(
    _ range: Range<Int>, of source: UnsafePointer<Source>, channels: Int, into target: WinogradMatrices<Form>
  ) {
    withRows(of: Source.self) { rows, zeros in
      // For each lane four columns in turn: (lane, column, z, y).
      withUnsafeTemporaryAllocation(of: Lane.self, capacity: Self.lanes * 64) { memory in
        let columns = memory.baseAddress!
        forEachLine(range) { tiles, n, z0, y0, x0 in
          for group in Swift.stride(from: 0, to: channels, by: Self.lanes * 16) {
            for row in 0..<16 {
              let (z, y) = (z0 + row / 4 - 1, y0 + row % 4 - 1)
              let isInside = z >= 0 && z < extent[0] && y >= 0 && y < extent[1]
              let start = (((n * extent[0] + z) * extent[1] + y) * extent[2]) * channels + group
              rows[row] = isInside ? (source + start, channels) : (zeros, 0)
            }
            let lanes = min(Self.lanes, (channels - group) / 16)
            for lane in 0..<lanes {
              column(x0 - 1, rows, lane, into: columns + lane * 64)
              column(x0, rows, lane, into: columns + lane * 64 + 16)
            }
            for (i, tile) in tiles.enumerated() {
              let index = tile - range.lowerBound
              for lane in 0..<lanes {
                // The tile's first two columns are the last two of the tile before.
                let first = columns + lane * 64 + i % 2 * 32
                let last = columns + lane * 64 + (1 - i % 2) * 32
                column(x0 + 2 * i + 1, rows, lane, into: last)
                column(x0 + 2 * i + 2, rows, lane, into: last + 16)
                let place = target.place(index, group + lane * 16)
                for k in 0..<16 {
                  let d = spread(first[k], first[16 + k], last[k], last[16 + k])
                  let row = place + 4 * k * target.stride
                  Form.store(d.0, row, tile: index)
                  Form.store(d.1, row + target.stride, tile: index)
                  Form.store(d.2, row + 2 * target.stride, tile: index)
                  Form.store(d.3, row + 3 * target.stride, tile: index)
                }
              }
            }
          }
        }
      }
    }
  }

  /// Lanes that are mapped together, as they lie together in memory.
  private static var lanes: Int { 4 }

  /// Where the 16 rows of voxels around a line of tiles begin, and the elements from a voxel to the next: none where a row is outside.
  private typealias Rows<Source> = UnsafeMutablePointer<(start: UnsafePointer<Source>, step: Int)>

  private func withRows<Source: VectorElement>(
    of type: Source.Type, _ body: (Rows<Source>, UnsafePointer<Source>) -> Void
  ) {
    withUnsafeTemporaryAllocation(of: (start: UnsafePointer<Source>, step: Int).self, capacity: 16) { rows in
      withUnsafeTemporaryAllocation(of: Source.self, capacity: Self.lanes * 16) { zeros in
        zeros.initialize(repeating: Source(0))
        body(rows.baseAddress!, UnsafePointer(zeros.baseAddress!))
      }
    }
  }

  /// Maps the 4 x 4 voxels at `x` along y and z.
  @inline(__always)
  private func column<Source: VectorElement>(
    _ x: Int, _ rows: Rows<Source>, _ lane: Int, into target: UnsafeMutablePointer<Lane>
  ) {
    guard x >= 0, x < extent[2] else {
      for k in 0..<16 { target[k] = .zero }
      return
    }
    @inline(__always)
    func voxel(_ row: Int) -> Lane { Source.load(rows[row].start + x * rows[row].step + lane * 16) }
    @inline(__always)
    func plane(_ z: Int) -> (Lane, Lane, Lane, Lane) {
      spread(voxel(4 * z), voxel(4 * z + 1), voxel(4 * z + 2), voxel(4 * z + 3))
    }
    let (p0, p1, p2, p3) = (plane(0), plane(1), plane(2), plane(3))
    @inline(__always)
    func put(_ d: (Lane, Lane, Lane, Lane), _ y: Int) {
      target[y] = d.0
      target[4 + y] = d.1
      target[8 + y] = d.2
      target[12 + y] = d.3
    }
    put(spread(p0.0, p1.0, p2.0, p3.0), 0)
    put(spread(p0.1, p1.1, p2.1, p3.1), 1)
    put(spread(p0.2, p1.2, p2.2, p3.2), 2)
    put(spread(p0.3, p1.3, p2.3, p3.3), 3)
  }

  /// Runs `body` for each part of a range of tiles that lies in one line along x, with the sample and the first voxel of its output.
  @inline(__always)
  private func forEachLine(_ range: Range<Int>, _ body: (Range<Int>, _ n: Int, _ z: Int, _ y: Int, _ x: Int) -> Void) {
    var tile = range.lowerBound
    while tile < range.upperBound {
      let end = min(range.upperBound, (tile / tiles[2] + 1) * tiles[2])
      let at = origin(tile)
      body(tile..<end, at.n, at.z, at.y, at.x)
      tile = end
    }
  }

  /// Maps the 64 products of each tile to its 2 x 2 x 2 outputs, plus `bias`; those outside the volume are dropped.
  func output<Target: VectorElement>(
    _ range: Range<Int>, of products: WinogradMatrices<FloatRows>, channels: Int, bias: UnsafePointer<Float>?,
    into target: UnsafeMutablePointer<Target>
  ) {
    let (height, width) = (extent[1], extent[2])
    for (i, tile) in range.enumerated() {
      let (first, hasZ, hasY, hasX) = place(tile)
      for c in Swift.stride(from: 0, to: channels, by: 16) {
        let place = products.place(i, c)
        @inline(__always)
        func product(_ position: Int) -> Lane {
          (place + position * products.stride).loadUnaligned(as: Lane.self)
        }
        @inline(__always)
        func row(_ z: Int, _ y: Int) -> (Lane, Lane) {
          let m = (z * 4 + y) * 4
          let (m1, m2) = (product(m + 1), product(m + 2))
          return (product(m) + m1 + m2, m1 - m2 - product(m + 3))
        }
        /// The four outputs of a plane, (y, x).
        @inline(__always)
        func plane(_ z: Int) -> (Lane, Lane, Lane, Lane) {
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
        func put(_ values: (Lane, Lane, Lane, Lane), _ voxel: UnsafeMutablePointer<Target>) {
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

  /// Maps each tile's 2 x 2 x 2 output gradients to the 64 products' gradients: the transpose of `output`.
  func outputGradient<Source: VectorElement, Form: WinogradForm>(
    _ range: Range<Int>, of source: UnsafePointer<Source>, channels: Int, into target: WinogradMatrices<Form>
  ) {
    let (height, width) = (extent[1], extent[2])
    for (i, tile) in range.enumerated() {
      let (first, hasZ, hasY, hasX) = place(tile)
      for c in Swift.stride(from: 0, to: channels, by: 16) {
        let place = target.place(i, c)
        let voxel = source + first * channels + c
        /// Both planes' gradients at (y, x), mapped along z.
        @inline(__always)
        func column(_ y: Int, _ x: Int) -> (Lane, Lane, Lane, Lane) {
          guard (y == 0 || hasY) && (x == 0 || hasX) else { return (.zero, .zero, .zero, .zero) }
          let near = voxel + (y * width + x) * channels
          return widened(Source.load(near), hasZ ? Source.load(near + height * width * channels) : .zero)
        }
        let (c00, c01, c10, c11) = (column(0, 0), column(0, 1), column(1, 0), column(1, 1))
        @inline(__always)
        func plane(_ z: Int, _ g00: Lane, _ g01: Lane, _ g10: Lane, _ g11: Lane) {
          let (top, bottom) = (widened(g00, g01), widened(g10, g11))
          @inline(__always)
          func put(_ top: Lane, _ bottom: Lane, _ x: Int) {
            let d = widened(top, bottom)
            let row = place + (z * 16 + x) * target.stride
            Form.store(d.0, row, tile: i)
            Form.store(d.1, row + 4 * target.stride, tile: i)
            Form.store(d.2, row + 8 * target.stride, tile: i)
            Form.store(d.3, row + 12 * target.stride, tile: i)
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

  /// The transpose of the map from four products to two outputs.
  @inline(__always)
  private func widened(_ first: Lane, _ second: Lane) -> (Lane, Lane, Lane, Lane) {
    (first, first + second, first - second, -second)
  }

  /// The map of four inputs along an axis.
  @inline(__always)
  private func spread(_ d0: Lane, _ d1: Lane, _ d2: Lane, _ d3: Lane) -> (Lane, Lane, Lane, Lane) {
    (d0 - d2, d1 + d2, d2 - d1, d1 - d3)
  }

  /// Maps kernels to (position, row, lane): rows are output channels and lanes input channels, or the other way round.
  ///
  /// - Parameters:
  ///   - range: The rows to map, of `rows`.
  ///   - rowStride: Floats from a row to the next in `weights`.
  ///   - laneStride: Floats from a lane to the next, of `lanes`.
  ///   - step: Floats from a kernel position to the next.
  static func kernel(
    _ range: Range<Int>, of weights: UnsafePointer<Float>, rows: Int, rowStride: Int, lanes: Int, laneStride: Int,
    step: Int, into target: UnsafeMutablePointer<Float>
  ) {
    withUnsafeTemporaryAllocation(of: Lane.self, capacity: 64) { work in
      let work = work.baseAddress!
      for row in range {
        for c in Swift.stride(from: 0, to: lanes, by: 16) {
          let source = weights + row * rowStride + c * laneStride
          func load(_ position: Int) -> Lane {
            let place = source + position * step
            if laneStride == 1 { return Float.load(place) }
            var gathered = Lane.zero
            for i in 0..<16 { gathered[i] = place[i * laneStride] }
            return gathered
          }
          func widen(_ g0: Lane, _ g1: Lane, _ g2: Lane, to place: UnsafeMutablePointer<Lane>, _ step: Int) {
            let outer = (g0 + g2) * 0.5
            let half = g1 * 0.5
            place[0] = g0
            place[step] = outer + half
            place[2 * step] = outer - half
            place[3 * step] = g2
          }
          for z in 0..<3 {
            for y in 0..<3 {
              let line = (z * 3 + y) * 3
              widen(load(line), load(line + 1), load(line + 2), to: work + z * 16 + y * 4, 1)
            }
            for x in 0..<4 {
              let column = work + z * 16 + x
              widen(column[0], column[4], column[8], to: column, 4)
            }
          }
          for k in 0..<16 { widen(work[k], work[16 + k], work[32 + k], to: work + k, 16) }
          for k in 0..<64 { Float.store(work[k], target + (k * rows + row) * lanes + c) }
        }
      }
    }
  }

  /// Maps gradients (position, out, in) to those of the kernels (out, kz, ky, kx, in) for the output channels `range`.
  static func kernelGradient(
    _ range: Range<Int>, of source: UnsafePointer<Float>, inputs: Int, outputs: Int,
    into target: UnsafeMutablePointer<Float>
  ) {
    withUnsafeTemporaryAllocation(of: Lane.self, capacity: 64) { work in
      let work = work.baseAddress!
      for o in range {
        for c in Swift.stride(from: 0, to: inputs, by: 16) {
          for k in 0..<64 { work[k] = Float.load(source + (k * outputs + o) * inputs + c) }
          func narrow(_ place: UnsafeMutablePointer<Lane>, _ step: Int) {
            let outer = (place[step] + place[2 * step]) * 0.5
            let middle = (place[step] - place[2 * step]) * 0.5
            place[0] += outer
            place[2 * step] = outer + place[3 * step]
            place[step] = middle
          }
          for k in 0..<16 { narrow(work + k, 16) }
          for z in 0..<3 {
            for x in 0..<4 { narrow(work + z * 16 + x, 4) }
            for y in 0..<3 {
              narrow(work + z * 16 + y * 4, 1)
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

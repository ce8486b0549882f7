/// The linear maps of Winograd's minimal filtering F(2 x 2 x 2, 3 x 3 x 3) (Lavin and Gray, CVPR 2016), each axis in turn: a tile of 4 x 4 x 4
/// inputs and a kernel are mapped to 64 numbers each, multiplied, and mapped to 2 x 2 x 2 outputs. 64 products replace 216.
///
/// A lane is a channel; memory is (position, tile, channel), the position being (z, y, x) of the 4 x 4 x 4.
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

  /// Maps the 4 x 4 x 4 voxels around each tile's output, zeros outside the volume.
  ///
  /// - Parameter stride: Tiles between two positions in `target`.
  func input(
    _ range: Range<Int>, of source: UnsafePointer<Float>, channels: Int, into target: UnsafeMutablePointer<Float>,
    stride: Int
  ) {
    let (depth, height, width) = (extent[0], extent[1], extent[2])
    withUnsafeTemporaryAllocation(of: Lane.self, capacity: 64) { work in
      let work = work.baseAddress!
      for (i, tile) in range.enumerated() {
        let (n, z0, y0, x0) = origin(tile)
        let inside = z0 > 0 && y0 > 0 && x0 > 0 && z0 + 2 < depth && y0 + 2 < height && x0 + 2 < width
        for c in Swift.stride(from: 0, to: channels, by: 16) {
          for dz in 0..<4 {
            let z = z0 + dz - 1
            let plane = work + dz * 16
            guard z >= 0, z < depth else {
              for k in 0..<16 { plane[k] = .zero }
              continue
            }
            for dy in 0..<4 {
              let y = y0 + dy - 1
              guard y >= 0, y < height else {
                for k in 0..<4 { plane[dy * 4 + k] = .zero }
                continue
              }
              let row = source + (((n * depth + z) * height + y) * width + x0 - 1) * channels + c
              let d: (Lane, Lane, Lane, Lane)
              if inside {
                d = (lane(row), lane(row + channels), lane(row + 2 * channels), lane(row + 3 * channels))
              } else {
                d = (
                  x0 > 0 ? lane(row) : .zero, lane(row + channels),
                  x0 + 1 < width ? lane(row + 2 * channels) : .zero, x0 + 2 < width ? lane(row + 3 * channels) : .zero
                )
              }
              spread(d.0, d.1, d.2, d.3, to: plane + dy * 4, 1)
            }
            for x in 0..<4 { spread(plane[x], plane[x + 4], plane[x + 8], plane[x + 12], to: plane + x, 4) }
          }
          let place = target + i * channels + c
          for k in 0..<16 {
            spread(work[k], work[k + 16], work[k + 32], work[k + 48], to: work + k, 16)
          }
          for k in 0..<64 { store(work[k], place + k * stride * channels) }
        }
      }
    }
  }

  /// Maps the 64 products of each tile to its 2 x 2 x 2 outputs, plus `bias`; those outside the volume are dropped.
  func output(
    _ range: Range<Int>, of products: UnsafePointer<Float>, channels: Int, stride: Int, bias: UnsafePointer<Float>?,
    into target: UnsafeMutablePointer<Float>
  ) {
    let (depth, height, width) = (extent[0], extent[1], extent[2])
    withUnsafeTemporaryAllocation(of: Lane.self, capacity: 24) { work in
      let work = work.baseAddress!
      for (i, tile) in range.enumerated() {
        let (n, z0, y0, x0) = origin(tile)
        for c in Swift.stride(from: 0, to: channels, by: 16) {
          let place = products + i * channels + c
          let step = stride * channels
          for z in 0..<4 {
            for y in 0..<4 {
              let row = place + (z * 4 + y) * 4 * step
              let (m1, m2) = (lane(row + step), lane(row + 2 * step))
              work[16 + y] = lane(row) + m1 + m2
              work[20 + y] = m1 - m2 - lane(row + 3 * step)
            }
            for x in 0..<2 {
              let m = work + 16 + 4 * x
              work[z * 4 + x] = m[0] + m[1] + m[2]
              work[z * 4 + 2 + x] = m[1] - m[2] - m[3]
            }
          }
          let offset = bias.map { lane($0 + c) } ?? .zero
          for k in 0..<4 {
            let (y, x) = (y0 + k / 2, x0 + k % 2)
            guard y < height, x < width else { continue }
            let voxel = target + (((n * depth + z0) * height + y) * width + x) * channels + c
            store(work[k] + work[4 + k] + work[8 + k] + offset, voxel)
            if z0 + 1 < depth {
              store(work[4 + k] - work[8 + k] - work[12 + k] + offset, voxel + height * width * channels)
            }
          }
        }
      }
    }
  }

  /// Maps each tile's 2 x 2 x 2 output gradients to the 64 products' gradients: the transpose of `output`.
  func outputGradient(
    _ range: Range<Int>, of source: UnsafePointer<Float>, channels: Int, into target: UnsafeMutablePointer<Float>,
    stride: Int
  ) {
    let (depth, height, width) = (extent[0], extent[1], extent[2])
    withUnsafeTemporaryAllocation(of: Lane.self, capacity: 32) { work in
      let work = work.baseAddress!
      for (i, tile) in range.enumerated() {
        let (n, z0, y0, x0) = origin(tile)
        for c in Swift.stride(from: 0, to: channels, by: 16) {
          for dz in 0..<2 {
            for dy in 0..<2 {
              let (z, y) = (z0 + dz, y0 + dy)
              let row = source + (((n * depth + z) * height + y) * width + x0) * channels + c
              let valid = z < depth && y < height
              let first: Lane = valid ? lane(row) : .zero
              let second: Lane = valid && x0 + 1 < width ? lane(row + channels) : .zero
              let line = work + dz * 16 + dy * 4
              line[0] = first
              line[1] = first + second
              line[2] = first - second
              line[3] = -second
            }
            for x in 0..<4 {
              let column = work + dz * 16 + x
              let (first, second) = (column[0], column[4])
              column[4] = first + second
              column[8] = first - second
              column[12] = -second
            }
          }
          let place = target + i * channels + c
          let step = stride * channels
          for k in 0..<16 {
            let (first, second) = (work[k], work[16 + k])
            store(first, place + k * step)
            store(first + second, place + (16 + k) * step)
            store(first - second, place + (32 + k) * step)
            store(-second, place + (48 + k) * step)
          }
        }
      }
    }
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
            if laneStride == 1 { return lane(place) }
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
          for k in 0..<64 { store(work[k], target + (k * rows + row) * lanes + c) }
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
          for k in 0..<64 { work[k] = lane(source + (k * outputs + o) * inputs + c) }
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
                store(work[z * 16 + y * 4 + x], target + ((o * 27 + (z * 3 + y) * 3 + x) * inputs + c))
              }
            }
          }
        }
      }
    }
  }

  @inline(__always)
  private func spread(
    _ d0: Lane, _ d1: Lane, _ d2: Lane, _ d3: Lane, to place: UnsafeMutablePointer<Lane>, _ step: Int
  ) {
    place[0] = d0 - d2
    place[step] = d1 + d2
    place[2 * step] = d2 - d1
    place[3 * step] = d1 - d3
  }
}

/// Sixteen channels of one voxel.
@inline(__always)
private func lane(_ place: UnsafePointer<Float>) -> SIMD16<Float> {
  UnsafeRawPointer(place).loadUnaligned(as: SIMD16<Float>.self)
}

@inline(__always)
private func store(_ value: SIMD16<Float>, _ place: UnsafeMutablePointer<Float>) {
  UnsafeMutableRawPointer(place).storeBytes(of: value, as: SIMD16<Float>.self)
}

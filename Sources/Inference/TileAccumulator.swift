import NIfTI
import Threads

/// Cuts tiles out of a volume for the network, and averages the logits of all tiles.
///
/// Tiles come in rows: all tiles that start at the same z. Once a row is done, the planes before the next row are
/// final, and are taken out. So the accumulator keeps one 32-bit float for each output channel and voxel of as many
/// planes as the patch has, however long the volume is and however many tiles, mirror images and models there are.
///
/// A volume that is smaller than the patch is treated as padded with zeros: half of the missing voxels, rounded down,
/// before it and the rest after it.
struct TileAccumulator {
  /// The shapes (z, y, x) of the volume, of the patch, and of the volume padded to at least the patch.
  let shape, patch, padded: [Int]
  /// The number of output channels of the network.
  let outputChannels: Int
  /// The first voxel (z, y, x) of each tile in the padded volume, row by row; x changes fastest.
  let rows: [[[Int]]]
  /// The number of voxels of padding before the volume along each axis.
  private let paddingBefore: [Int]
  /// The weight of each voxel of a tile; see `SlidingWindow.gaussian`.
  private let weights: [Float]
  /// For each axis, the sums of the profiles. The weights of a voxel sum to 10 times the product of its three values.
  private let coverage: [[Double]]
  /// The number of planes in `sums`.
  let depth: Int
  /// The weighted sums of logits, (plane, y, x, output channel). Plane z of the volume is in place z modulo `depth`.
  private var sums: [Float]

  /// - Parameters:
  ///   - shape: The shape of the volume, (z, y, x).
  ///   - patch: The shape of the network's input, (z, y, x).
  ///   - outputChannels: The number of output channels of the network.
  ///   - step: The largest distance between neighboring tiles as a share of the patch size, in (0, 1].
  init(shape: [Int], patch: [Int], outputChannels: Int, step: Double) {
    self.shape = shape
    self.patch = patch
    self.outputChannels = outputChannels
    let padded = zip(shape, patch).map { max($0, $1) }
    self.padded = padded
    paddingBefore = zip(padded, shape).map { ($0 - $1) / 2 }
    let starts = Self.starts(shape: shape, patch: patch, step: step)
    rows = starts[0].map { z in starts[1].flatMap { y in starts[2].map { x in [z, y, x] } } }
    coverage = (0..<3).map { SlidingWindow.coverage(extent: padded[$0], tile: patch[$0], starts: starts[$0]) }
    weights = SlidingWindow.gaussian(patch: patch)
    depth = min(shape[0], patch[0])
    sums = Array(repeating: 0, count: depth * shape[1] * shape[2] * outputChannels)
  }

  /// The first voxels of the tiles along each axis of the volume, padded to at least the patch.
  static func starts(shape: [Int], patch: [Int], step: Double) -> [[Int]] {
    (0..<3).map { SlidingWindow.starts(extent: max(shape[$0], patch[$0]), tile: patch[$0], step: step) }
  }

  /// Copies a tile of an image into a network's input.
  ///
  /// - Parameters:
  ///   - data: The image, (input channel, z, y, x).
  ///   - channels: The number of input channels.
  ///   - start: The first voxel of the tile, one of `rows`.
  ///   - mirrored: For each axis, whether the tile is reversed along it.
  ///   - input: The network's input, (z, y, x, input channel).
  func cut(
    _ data: UnsafeBufferPointer<Float>, channels: Int, at start: [Int], mirrored: [Bool],
    into input: UnsafeMutableBufferPointer<Float>
  ) {
    let voxels = shape[0] * shape[1] * shape[2]
    nonisolated(unsafe) let (data, input) = (data, input)
    Parallel.forEach(patch[0]) { z in
      var target = z * patch[1] * patch[2] * channels
      let sourceZ = sourceIndex(z, axis: 0, start, mirrored)
      for y in 0..<patch[1] {
        let sourceY = sourceIndex(y, axis: 1, start, mirrored)
        for x in 0..<patch[2] {
          let sourceX = sourceIndex(x, axis: 2, start, mirrored)
          let isInside = isInside(sourceZ, 0) && isInside(sourceY, 1) && isInside(sourceX, 2)
          let index = (sourceZ * shape[1] + sourceY) * shape[2] + sourceX
          for channel in 0..<channels {
            input[target] = isInside ? data[channel * voxels + index] : 0
            target += 1
          }
        }
      }
    }
  }

  /// Adds the logits of one pass over a tile.
  ///
  /// - Parameters:
  ///   - logits: The network's output, (z, y, x, output channel).
  ///   - start: The first voxel of the tile, one of `rows`.
  ///   - mirrored: For each axis, whether the tile was reversed along it.
  ///   - share: The weight of this pass among all passes over the tile; the shares of a tile must add up to 1.
  mutating func add(_ logits: UnsafeBufferPointer<Float>, at start: [Int], mirrored: [Bool], share: Float) {
    let (shape, patch, depth, channels, weights) = (shape, patch, depth, outputChannels, weights)
    let lower = (0..<3).map { max(start[$0], paddingBefore[$0]) }
    let upper = (0..<3).map { min(start[$0] + patch[$0], paddingBefore[$0] + shape[$0]) }
    let offset = paddingBefore
    sums.withUnsafeMutableBufferPointer { sums in
      nonisolated(unsafe) let (sums, logits) = (sums, logits)
      Parallel.forEach(max(0, upper[0] - lower[0])) { slice in
        let z = lower[0] + slice
        let tileZ = z - start[0]
        let logitZ = mirrored[0] ? patch[0] - 1 - tileZ : tileZ
        let place = (z - offset[0]) % depth
        for y in lower[1]..<upper[1] {
          let tileY = y - start[1]
          let logitY = mirrored[1] ? patch[1] - 1 - tileY : tileY
          for x in lower[2]..<upper[2] {
            let tileX = x - start[2]
            let logitX = mirrored[2] ? patch[2] - 1 - tileX : tileX
            let weight = share * weights[(tileZ * patch[1] + tileY) * patch[2] + tileX]
            let from = ((logitZ * patch[1] + logitY) * patch[2] + logitX) * channels
            let to = ((place * shape[1] + y - offset[1]) * shape[2] + x - offset[2]) * channels
            for channel in 0..<channels { sums[to + channel] += weight * logits[from + channel] }
          }
        }
      }
    }
  }

  /// The planes of the volume that no later row reaches, and an earlier one did not complete.
  func finalPlanes(afterRow row: Int) -> Range<Int> {
    func start(_ row: Int) -> Int { row < rows.count ? rows[row][0][0] : shape[0] }
    return start(row)..<start(row + 1)
  }

  /// Takes out the averaged logits of a final plane, which makes room for a later one.
  ///
  /// - Returns: The logits, [output channel, y, x]: 32-bit floats in double precision.
  mutating func takePlane(_ z: Int) -> [Double] {
    let (shape, channels, coverage, padding) = (shape, outputChannels, coverage, paddingBefore)
    let count = shape[1] * shape[2]
    let first = z % depth * count * channels
    return [Double](unsafeUninitializedCapacity: count * channels) { plane, initialized in
      sums.withUnsafeMutableBufferPointer { sums in
        nonisolated(unsafe) let (plane, sums) = (plane, sums)
        Parallel.forEach(shape[1]) { y in
          let row = SlidingWindow.peak * coverage[0][z + padding[0]] * coverage[1][y + padding[1]]
          for x in 0..<shape[2] {
            let weight = row * coverage[2][x + padding[2]]
            let voxel = y * shape[2] + x
            for channel in 0..<channels {
              let index = first + voxel * channels + channel
              plane[channel * count + voxel] = Double(Float(Double(sums[index]) / weight))
              sums[index] = 0
            }
          }
        }
      }
      initialized = count * channels
    }
  }

  /// The index in the volume of voxel `position` of a tile along one axis; it may lie outside the volume.
  private func sourceIndex(_ position: Int, axis: Int, _ start: [Int], _ mirrored: [Bool]) -> Int {
    start[axis] - paddingBefore[axis] + (mirrored[axis] ? patch[axis] - 1 - position : position)
  }

  private func isInside(_ index: Int, _ axis: Int) -> Bool { index >= 0 && index < shape[axis] }
}

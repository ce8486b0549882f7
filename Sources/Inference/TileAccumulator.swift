import NIfTI
import Threads

/// Cuts tiles out of a volume for the network and gathers the logits of all tiles into one volume.
///
/// Memory is one 32-bit float a class and voxel of the volume, however many tiles, flips and models there are. A volume smaller
/// than the patch is thought to be padded with zeros, half of the missing voxels (rounded down) before it and the rest behind.
struct TileAccumulator {
  /// Voxels of the volume, of the patch and of the volume padded to the patch, along z, y and x.
  let shape, patch, padded: [Int]
  /// Number of classes.
  let channels: Int
  /// Starts of all tiles (z, y, x) in the padded volume, z outermost.
  let tiles: [[Int]]
  /// Voxels of padding before the volume.
  private let below: [Int]
  private let weights: [Float]
  /// Sums of weights along each axis of the padded volume; a voxel's is 10 times the product of its three.
  private let coverage: [[Double]]
  /// Weighted sums of logits, (z, y, x, class).
  private var sums: [Float]

  init(shape: [Int], patch: [Int], channels: Int, step: Double) {
    self.shape = shape
    self.patch = patch
    self.channels = channels
    let padded = zip(shape, patch).map { max($0, $1) }
    self.padded = padded
    below = zip(padded, shape).map { ($0 - $1) / 2 }
    let starts = (0..<3).map { SlidingWindow.starts(extent: padded[$0], tile: patch[$0], step: step) }
    tiles = starts[0].flatMap { z in starts[1].flatMap { y in starts[2].map { x in [z, y, x] } } }
    coverage = (0..<3).map { SlidingWindow.coverage(extent: padded[$0], tile: patch[$0], starts: starts[$0]) }
    weights = SlidingWindow.gaussian(patch: patch)
    sums = Array(repeating: 0, count: shape.reduce(channels, *))
  }

  /// Copies the tile at `start` of the channels `data` (channel, z, y, x) into a network's input (z, y, x, channel), flipped
  /// along the axes that are `mirrored`.
  func cut(
    _ data: UnsafeBufferPointer<Float>, channels: Int, at start: [Int], mirrored: [Bool],
    into input: UnsafeMutableBufferPointer<Float>
  ) {
    let voxels = shape[0] * shape[1] * shape[2]
    nonisolated(unsafe) let (data, input) = (data, input)
    Parallel.forEach(patch[0]) { z in
      var target = z * patch[1] * patch[2] * channels
      let sourceZ = source(z, axis: 0, start, mirrored)
      for y in 0..<patch[1] {
        let sourceY = source(y, axis: 1, start, mirrored)
        for x in 0..<patch[2] {
          let sourceX = source(x, axis: 2, start, mirrored)
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

  /// Adds the logits (z, y, x, class) of the tile at `start`, which was flipped along the axes that are `mirrored`.
  ///
  /// - Parameter share: what this pass counts among all passes over the tile, so that the shares of a tile add up to 1.
  mutating func add(_ logits: UnsafeBufferPointer<Float>, at start: [Int], mirrored: [Bool], share: Float) {
    let (shape, patch, channels, weights) = (shape, patch, channels, weights)
    let lower = (0..<3).map { max(start[$0], below[$0]) }
    let upper = (0..<3).map { min(start[$0] + patch[$0], below[$0] + shape[$0]) }
    let offset = below
    sums.withUnsafeMutableBufferPointer { sums in
      nonisolated(unsafe) let (sums, logits) = (sums, logits)
      Parallel.forEach(max(0, upper[0] - lower[0])) { slice in
        let z = lower[0] + slice
        let tileZ = z - start[0]
        let logitZ = mirrored[0] ? patch[0] - 1 - tileZ : tileZ
        for y in lower[1]..<upper[1] {
          let tileY = y - start[1]
          let logitY = mirrored[1] ? patch[1] - 1 - tileY : tileY
          for x in lower[2]..<upper[2] {
            let tileX = x - start[2]
            let logitX = mirrored[2] ? patch[2] - 1 - tileX : tileX
            let weight = share * weights[(tileZ * patch[1] + tileY) * patch[2] + tileX]
            let from = ((logitZ * patch[1] + logitY) * patch[2] + logitX) * channels
            let to = (((z - offset[0]) * shape[1] + y - offset[1]) * shape[2] + x - offset[2]) * channels
            for channel in 0..<channels { sums[to + channel] += weight * logits[from + channel] }
          }
        }
      }
    }
  }

  /// The averaged logits of one class.
  func logits(of channel: Int) -> Volume<Float> {
    var result = Volume<Float>(shape: shape, repeating: 0)
    var index = 0
    for z in 0..<shape[0] {
      for y in 0..<shape[1] {
        let row = SlidingWindow.peak * coverage[0][z + below[0]] * coverage[1][y + below[1]]
        for x in 0..<shape[2] {
          result.voxels[index] = Float(Double(sums[index * channels + channel]) / (row * coverage[2][x + below[2]]))
          index += 1
        }
      }
    }
    return result
  }

  /// Index in the volume, perhaps outside it, of voxel `position` of a tile.
  private func source(_ position: Int, axis: Int, _ start: [Int], _ mirrored: [Bool]) -> Int {
    start[axis] - below[axis] + (mirrored[axis] ? patch[axis] - 1 - position : position)
  }

  private func isInside(_ index: Int, _ axis: Int) -> Bool { index >= 0 && index < shape[axis] }
}

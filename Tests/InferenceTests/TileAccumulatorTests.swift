import Testing

@testable import Inference

/// Protects cutting and joining tiles: a network that returns its input returns the volume, and only as many planes as
/// the patch has are kept.
@Suite struct TileAccumulatorTests {
  @Test(arguments: [[9, 14, 11], [30, 7, 8], [3, 14, 5], [4, 6, 8], [1, 1, 1]])
  func tilesOfTheVolumeGiveTheVolume(shape: [Int]) {
    let patch = [4, 6, 8]
    let channels = 2
    let voxels = shape.reduce(1, *)
    let data = (0..<voxels * channels).map { Float(($0 * 7919) % 1009) / 100 - 5 }
    var accumulator = TileAccumulator(shape: shape, patch: patch, outputChannels: channels, step: 0.5)
    let flips = [[false, false, false], [true, false, false], [false, true, true], [true, true, true]]
    var tile = Array(repeating: Float.nan, count: patch.reduce(channels, *))
    #expect(accumulator.depth == min(shape[0], patch[0]))
    var found = Array(repeating: [Double](), count: channels)
    for (row, tiles) in accumulator.rows.enumerated() {
      for start in tiles {
        for mirrored in flips {
          data.withUnsafeBufferPointer { data in
            tile.withUnsafeMutableBufferPointer {
              accumulator.cut(data, channels: channels, at: start, mirrored: mirrored, into: $0)
            }
          }
          tile.withUnsafeBufferPointer { accumulator.add($0, at: start, mirrored: mirrored, share: 0.25) }
        }
      }
      for z in accumulator.finalPlanes(afterRow: row) {
        let plane = accumulator.takePlane(z)
        let count = plane.count / channels
        for channel in 0..<channels { found[channel] += plane[channel * count..<(channel + 1) * count] }
      }
    }
    for channel in 0..<channels {
      let expected = data[channel * voxels..<(channel + 1) * voxels]
      #expect(found[channel].count == voxels)
      #expect(zip(found[channel], expected).allSatisfy { abs($0 - Double($1)) < 1e-4 })
    }
  }

  /// Padding is zero, half of it (rounded down) before the volume; flipping a tile flips the padding with it.
  @Test func smallVolumesArePaddedInTheMiddle() {
    let accumulator = TileAccumulator(shape: [1, 1, 2], patch: [1, 1, 5], outputChannels: 1, step: 0.5)
    #expect(accumulator.rows == [[[0, 0, 0]]])
    func cut(_ mirrored: Bool) -> [Float] {
      var tile = Array(repeating: Float.nan, count: 5)
      [3, 4].withUnsafeBufferPointer { data in
        tile.withUnsafeMutableBufferPointer {
          accumulator.cut(data, channels: 1, at: [0, 0, 0], mirrored: [false, false, mirrored], into: $0)
        }
      }
      return tile
    }
    #expect(cut(false) == [0, 3, 4, 0, 0])
    #expect(cut(true) == [0, 0, 4, 3, 0])
  }
}

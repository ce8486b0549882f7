import Foundation
import TestSupport
import Testing

@testable import Inference

/// Protects the tiles: they cover every voxel, never leave the image, and lie where nnU-Net puts them.
@Suite struct SlidingWindowTests {
  @Test(arguments: [
    (110, 64, [0, 23, 46]), (129, 64, [0, 22, 43, 65]), (200, 64, [0, 27, 54, 82, 109, 136]), (64, 64, [0]),
  ])
  func startsOfKnownExtents(extent: Int, tile: Int, expected: [Int]) {
    #expect(SlidingWindow.starts(extent: extent, tile: tile) == expected)
  }

  @Test func everyVoxelIsCovered() {
    for tile in 1...12 {
      for extent in tile...(4 * tile) {
        for step in [0.3, 0.5, 1] {
          let starts = SlidingWindow.starts(extent: extent, tile: tile, step: step)
          #expect(starts.first == 0 && starts.last == extent - tile)
          #expect(zip(starts, starts.dropFirst()).allSatisfy { $0 < $1 && $1 <= $0 + tile })
          #expect(SlidingWindow.coverage(extent: extent, tile: tile, starts: starts).allSatisfy { $0 > 0 })
        }
      }
    }
  }

  /// The peak is 10 at the center, and a voxel one standard deviation away has exp(-1/2) of it.
  @Test func gaussianHasItsClosedForm() {
    let map = SlidingWindow.gaussian(patch: [8, 16, 24])
    func at(_ z: Int, _ y: Int, _ x: Int) -> Float { map[(z * 16 + y) * 24 + x] }
    #expect(at(4, 8, 12) == 10)
    #expect(abs(at(4, 8, 15) - 10 * exp(-0.5)) < 1e-6)
    #expect(abs(at(5, 8, 9) - 10 * exp(-1)) < 1e-6)
    #expect(map.allSatisfy { $0 > 0 })
  }
}

/// Protects the equality of the tiles' starts and of the weight map with nnU-Net's.
@Suite(.enabled(if: Golden.isPresent, Comment(rawValue: Golden.absence)))
struct GoldenSlidingWindowTests {
  @Test func starts() throws {
    let file = try Golden.tensors("sliding_window.safetensors")
    let cases = file.entries.keys.filter { $0.hasSuffix("/image") }.map { $0.dropLast("/image".count) }
    #expect(!cases.isEmpty)
    for name in cases {
      let image = try file.integers("\(name)/image")
      let patch = try file.integers("\(name)/patch")
      for axis in 0..<3 {
        let expected = try file.integers("\(name)/starts_axis_\(axis)").map(Int.init)
        #expect(SlidingWindow.starts(extent: Int(image[axis]), tile: Int(patch[axis])) == expected)
      }
    }
  }

  @Test func gaussian() throws {
    let file = try Golden.tensors("sliding_window.safetensors")
    let names = file.entries.keys.filter { $0.hasPrefix("gaussian_") }
    #expect(!names.isEmpty)
    for name in names {
      let expected = try file.floats(name)
      let map = SlidingWindow.gaussian(patch: try file.entry(name).shape)
      #expect(map.count == expected.count)
      #expect(zip(map, expected).allSatisfy { abs($0 - $1) <= 1e-5 })
    }
  }
}

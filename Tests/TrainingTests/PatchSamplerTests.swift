import Statistics
import Testing

@testable import Training

/// Protects nnU-Net's rules for where patches are cut.
struct PatchSamplerTests {
  /// The number of samples with foreground in a batch of each size, from nnU-Net's own rounding.
  @Test func forcedForeground() {
    let sampler = PatchSampler(region: [1, 1, 1], patch: [1, 1, 1], foregroundShare: 0.33)
    let sizes = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 16]
    let forced = sizes.map { size in (0..<size).count { sampler.oversamplesForeground(position: $0, batchSize: size) } }
    #expect(forced == [0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 5])
    #expect((0..<4).map { sampler.oversamplesForeground(position: $0, batchSize: 4) } == [false, false, false, true])
  }

  private func range(_ sampler: PatchSampler, _ shape: [Int]) -> (lower: [Int], upper: [Int]) {
    var (lower, upper) = ([Int.max, .max, .max], [Int.min, .min, .min])
    for iteration in 0..<4000 {
      var random = CounterRandom(seed: 1, iteration: iteration, position: 0, purpose: .patch)
      let corner = sampler.lowerCorner(shape: shape, centers: nil, using: &random)
      for axis in 0..<3 {
        lower[axis] = min(lower[axis], corner[axis])
        upper[axis] = max(upper[axis], corner[axis])
      }
    }
    return (lower, upper)
  }

  /// Corners reach from −⌈n/2⌉ to s + ⌈n/2⌉ − P, where s is the case's extent, P the region's, and n by how much the
  /// region exceeds the patch or a small case.
  @Test func anywhere() {
    let enlarged = PatchSampler(region: [15, 8, 8], patch: [10, 8, 8], foregroundShare: 0.33)
    let (lower, upper) = range(enlarged, [20, 8, 3])
    #expect(lower == [-3, 0, -3])
    #expect(upper == [8, 0, -2])
  }

  /// Classes are equally likely however many voxels they have, absent ones never come up, and there is no clamp at the
  /// far border.
  @Test func centeredAtForeground() {
    let sampler = PatchSampler(region: [4, 4, 4], patch: [4, 4, 4], foregroundShare: 0.33)
    let many = [Int32](repeating: 5, count: 3 * 99)
    var counts: [[Int]: Int] = [:]
    for iteration in 0..<2000 {
      var random = CounterRandom(seed: 2, iteration: iteration, position: 0, purpose: .patch)
      let corner = sampler.lowerCorner(shape: [10, 10, 10], centers: [many, [], [0, 9, 4]], using: &random)
      counts[corner, default: 0] += 1
    }
    #expect(Set(counts.keys) == [[3, 3, 3], [0, 7, 2]])
    #expect(abs((counts[[3, 3, 3]] ?? 0) - 1000) < 120)
  }

  @Test func noForegroundAtAll() {
    let sampler = PatchSampler(region: [4, 4, 4], patch: [4, 4, 4], foregroundShare: 0.33)
    var one = CounterRandom(seed: 2, iteration: 0, position: 0, purpose: .patch)
    var other = one
    let corner = sampler.lowerCorner(shape: [9, 9, 9], centers: [[], []], using: &one)
    #expect(corner == sampler.lowerCorner(shape: [9, 9, 9], centers: nil, using: &other))
  }
}

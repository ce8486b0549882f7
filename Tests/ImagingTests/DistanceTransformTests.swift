import NIfTI
import Testing

@testable import Imaging

/// Protects the distance transform: it is exact, also with unequal spacing.
struct DistanceTransformTests {
  @Test(arguments: [[1, 1, 1], [3, 0.5, 1.25]] as [[Double]], [1, 7, 60])
  func equalsTheNearestOfAllSites(spacing: [Double], sites: Int) {
    let shape = [7, 9, 11]
    var state: UInt64 = 42
    var mask = Volume(shape: shape, repeating: false)
    for _ in 0..<sites {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      mask.voxels[Int(state >> 33) % mask.voxels.count] = true
    }
    let points = mask.voxels.indices.map { [$0 / 99, $0 / 11 % 9, $0 % 11] }
    let siteVoxels = mask.voxels.indices.filter { mask.voxels[$0] }.map { points[$0] }
    let result = DistanceTransform.squaredDistances(to: mask, spacing: spacing)
    let largestError = zip(result.voxels, points).map { value, point in
      let nearest =
        siteVoxels.map { site in
          (0..<3).reduce(0.0) { sum, axis in
            let distance = Double(point[axis] - site[axis]) * spacing[axis]
            return sum + distance * distance
          }
        }.min() ?? .infinity
      return abs(value - nearest)
    }.max()
    #expect((largestError ?? 1) < 1e-12)
  }

  @Test func isInfiniteWithoutSites() {
    let none = Volume(shape: [2, 3, 4], repeating: false)
    #expect(DistanceTransform.squaredDistances(to: none, spacing: [1, 1, 1]).voxels.allSatisfy { $0 == .infinity })
    let empty = Volume(shape: [0, 0, 0], repeating: false)
    #expect(DistanceTransform.squaredDistances(to: empty, spacing: [1, 1, 1]).voxels.isEmpty)
  }
}

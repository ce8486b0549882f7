import Statistics
import Testing

@testable import Training

/// Protects what the whole augmentation promises: region sizes, determinism, borders, labels without −1.
struct AugmentationTests {
  /// A case whose voxels are all different, with a few labels.
  private func caseOf(shape: [Int], channels: Int = 2) -> Patch {
    var random = CounterRandom(seed: 9, iteration: 0, position: 0, purpose: .patch)
    let voxels = shape.reduce(1, *)
    return Patch(
      channels: channels, shape: shape, image: (0..<channels * voxels).map { _ in Float(random.uniform(-2, 2)) },
      labels: (0..<voxels).map { Int16(($0 / shape[2] / 3) % 3) - Int16($0 % 7 == 0 ? 1 : 0) })
  }

  /// nnU-Net's initial patch sizes.
  @Test func initialPatch() {
    #expect(Augmentation(patch: [128, 128, 128], maskedChannels: []).initialPatch == [205, 205, 205])
    #expect(Augmentation(patch: [40, 56, 40], maskedChannels: []).initialPatch == [73, 80, 64])
    #expect(Augmentation(patch: [80, 192, 160], maskedChannels: []).initialPatch == [194, 289, 210])
    #expect(Augmentation(patch: [20, 320, 256], maskedChannels: []).initialPatch == [20, 376, 376])
  }

  /// Without rotation and scaling a region's middle is cut as it is; what lies outside the case is 0 and −1.
  @Test func center() {
    let patch = caseOf(shape: [5, 6, 7])
    let cut = patch.withSource(lower: [-2, 1, 3], size: [6, 4, 9]) { $0.center([4, 3, 6]) }
    // Corner: lower + size / 2 − patch / 2.
    let corner = [-2 + 3 - 2, 1 + 2 - 1, 3 + 4 - 3]
    for z in 0..<4 {
      for y in 0..<3 {
        for x in 0..<6 {
          let (sz, sy, sx) = (z + corner[0], y + corner[1], x + corner[2])
          let isInside = (0..<5).contains(sz) && (0..<6).contains(sy) && (0..<7).contains(sx)
          let (to, from) = ((z * 3 + y) * 6 + x, (sz * 6 + sy) * 7 + sx)
          #expect(cut.labels[to] == (isInside ? patch.labels[from] : -1))
          for channel in 0..<2 {
            #expect(cut.image[channel * 72 + to] == (isInside ? patch.image[channel * 210 + from] : 0))
          }
        }
      }
    }
  }

  /// Voxels beyond the region's border are not used, as if the region had been cut out of the case first.
  @Test func samplingStaysInTheRegion() {
    let patch = caseOf(shape: [14, 15, 16])
    let transform = SpatialTransform(angles: [0.4, -0.3, 0.5], scales: [1.3, 1.3, 1.3])
    for lower in [[2, 3, 1], [-4, 8, -3], [7, -5, 9]] {
      let direct = patch.withSource(lower: lower, size: [10, 9, 11]) { transform.sample($0, patch: [8, 9, 10]) }
      let cut = patch.withSource(lower: lower, size: [10, 9, 11]) { $0.center([10, 9, 11]) }
      let viaCut = cut.withSource { transform.sample($0, patch: [8, 9, 10]) }
      #expect(zip(direct.image, viaCut.image).allSatisfy { abs($0 - $1) < 1e-4 })
      #expect(zip(direct.labels, viaCut.labels).count { $0 != $1 } <= 1)
    }
  }

  @Test func mirroring() {
    let patch = caseOf(shape: [3, 4, 5])
    for axes in [[true, false, false], [false, true, true], [true, true, true]] {
      var mirrored = patch
      Mirroring(axes: axes).apply(to: &mirrored)
      for z in 0..<3 {
        for y in 0..<4 {
          for x in 0..<5 {
            let from = ((axes[0] ? 2 - z : z) * 4 + (axes[1] ? 3 - y : y)) * 5 + (axes[2] ? 4 - x : x)
            let to = (z * 4 + y) * 5 + x
            #expect(mirrored.labels[to] == patch.labels[from])
            #expect(mirrored.image[60 + to] == patch.image[60 + from])
          }
        }
      }
    }
  }

  /// Masked channels are 0 outside the case; others do not change.
  @Test func outsideMask() {
    var patch = caseOf(shape: [3, 4, 5])
    let before = patch
    OutsideMask(channels: [1]).apply(to: &patch)
    for voxel in 0..<60 {
      #expect(patch.image[voxel] == before.image[voxel])
      #expect(patch.image[60 + voxel] == (before.labels[voxel] < 0 ? 0 : before.image[60 + voxel]))
    }
  }

  /// Transforms work with axes shorter than their kernels, and with constant channels.
  @Test func tinyAndConstant() {
    var patch = Patch(channels: 1, shape: [1, 2, 1], image: [3, 3], labels: [0, 1])
    GaussianBlur(sigmas: [[1, 1, 1]]).apply(to: &patch)
    Contrast(factors: [0.8]).apply(to: &patch)
    Gamma(exponents: [0.8], isInverted: true).apply(to: &patch)
    LowResolution(scales: [[0.5, 0.5, 0.5]]).apply(to: &patch)
    #expect(patch.image.allSatisfy { abs($0 - 3) < 1e-5 })
  }

  /// The same key gives the same patch, and different keys different ones. All labels are ≥ 0, all voxels finite.
  @Test(arguments: [[12, 14, 12], [4, 20, 16]]) func wholePipeline(patch: [Int]) {
    let augmentation = Augmentation(patch: patch, maskedChannels: [0])
    let whole = caseOf(shape: [16, 22, 18])
    var distinct: Set<[Float]> = []
    for iteration in 0..<40 {
      let results = (0..<2).map { _ in
        var random = CounterRandom(seed: 4, iteration: iteration, position: 1, purpose: .augmentation)
        return whole.withSource(lower: [-2, -1, 0], size: augmentation.initialPatch) {
          augmentation.apply(to: $0, using: &random)
        }
      }
      #expect(results[0].image == results[1].image && results[0].labels == results[1].labels)
      #expect(results[0].shape == patch)
      #expect(results[0].labels.allSatisfy { $0 >= 0 })
      #expect(results[0].image.allSatisfy { $0.isFinite })
      distinct.insert(results[0].image)
    }
    #expect(distinct.count > 30)
  }

  /// Random numbers have the moments they should have, within five standard errors.
  @Test func randomNumbers() {
    var random = CounterRandom(seed: 1, iteration: 2, position: 3, purpose: .augmentation)
    var (sum, squares, fourth) = (0.0, 0.0, 0.0)
    for _ in 0..<50_000 {
      let (a, b) = random.normals()
      for value in [Double(a), Double(b)] {
        sum += value
        squares += value * value
        fourth += value * value * value * value
      }
    }
    #expect(abs(sum / 1e5) < 5 * 0.0032)
    #expect(abs(squares / 1e5 - 1) < 5 * 0.0045)
    #expect(abs(fourth / 1e5 - 3) < 5 * 0.031)
    let around = (0..<20_000).map { _ in random.aroundOne(0.7, 1.5) }
    #expect(around.allSatisfy { $0 >= 0.7 && $0 < 1.5 })
    #expect(abs(around.count { $0 < 1 } - 10_000) < 360)
  }
}

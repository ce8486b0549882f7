import NIfTI
import Statistics
import Testing

@testable import Perturbations

/// Protects the changes of images: severity 0 changes nothing, and beyond it each kind changes images within bounds,
/// the same way every time, and more and more.
struct PerturbationTests {
  /// Two bright blocks in a ramp, inside a border of zeros.
  private func image(offset: Float = 0) -> Image {
    let shape = [14, 18, 16]
    var volume = Volume<Float>(shape: shape, repeating: 0)
    for z in 2..<12 {
      for y in 2..<16 {
        for x in 2..<14 {
          let isBlock = 4..<7 ~= z && 5..<9 ~= y && 4..<7 ~= x || 8..<10 ~= z && 10..<14 ~= y && 8..<12 ~= x
          volume[z, y, x] = offset + 100 + 5 * Float(x + y) + (isBlock ? 300 : 0)
        }
      }
    }
    return Image(volume: volume, geometry: Geometry(shape: shape, spacing: [2, 1, 1]))
  }

  private func changed(
    _ kind: PerturbationKind, _ severity: Double, images: [Image], seed: UInt64 = 1, caseName: String = "a",
    attempt: Int = 0
  ) -> [Image] {
    var images = images
    PerturbationSet(kind, severity: severity).draw(seed: seed, caseName: caseName, attempt: attempt).apply(to: &images)
    return images
  }

  /// Pearson's correlation of the voxels that are nonzero in the second image.
  private func correlation(_ a: Image, _ b: Image) -> Double {
    let pairs = zip(a.volume.voxels, b.volume.voxels).filter { $0.1 != 0 }.map { (Double($0.0), Double($0.1)) }
    let count = Double(pairs.count)
    let means = (pairs.reduce(0) { $0 + $1.0 } / count, pairs.reduce(0) { $0 + $1.1 } / count)
    var (covariance, first, second) = (0.0, 0.0, 0.0)
    for (x, y) in pairs {
      covariance += (x - means.0) * (y - means.1)
      first += (x - means.0) * (x - means.0)
      second += (y - means.1) * (y - means.1)
    }
    return covariance / (first * second).squareRoot()
  }

  @Test(arguments: PerturbationKind.allCases)
  func severityZeroChangesNoBit(kind: PerturbationKind) {
    let images = [image(), image(offset: -400)]
    let result = changed(kind, 0, images: images)
    for (before, after) in zip(images, result) {
      #expect(before.volume.voxels.map(\.bitPattern) == after.volume.voxels.map(\.bitPattern))
    }
    let labels = Volume<Int32>(shape: [2, 2, 2], voxels: [0, 1, 2, 3, 4, 5, 6, 7])
    let drawn = PerturbationSet(kind, severity: 0).draw(seed: 1, caseName: "a", attempt: 0)
    #expect(drawn.moved(labels, spacing: [1, 1, 1]) == labels)
  }

  @Test(arguments: PerturbationKind.allCases)
  func changesDependOnSeedCaseAndTryAlone(kind: PerturbationKind) {
    let images = [image()]
    let first = changed(kind, 0.7, images: images)
    #expect(first != images && first == changed(kind, 0.7, images: images))
    func differs(_ other: (UInt64) -> [Image]) -> Bool { (2..<12).contains { other($0) != first } }
    #expect(differs { changed(kind, 0.7, images: images, seed: $0) })
    #expect(differs { changed(kind, 0.7, images: images, caseName: "case \($0)") })
    #expect(differs { changed(kind, 0.7, images: images, attempt: Int($0)) })
  }

  /// Noise may exceed the range of the image by a few standard deviations, and a bias field doubles it.
  @Test(arguments: PerturbationKind.allCases, [Float(0), -400])
  func resultsAreFiniteAndBounded(kind: PerturbationKind, offset: Float) {
    let images = [image(offset: offset)]
    let (low, high) = (images[0].volume.voxels.min() ?? 0, images[0].volume.voxels.max() ?? 0)
    for attempt in 0..<5 {
      let voxels = changed(kind, 1, images: images, attempt: attempt)[0].volume.voxels
      #expect(voxels.allSatisfy { $0.isFinite && $0 >= low - 1.5 * (high - low) && $0 <= high + 1.5 * (high - low) })
    }
  }

  @Test(arguments: PerturbationKind.allCases)
  func imagesWithoutContrastStayFinite(kind: PerturbationKind) {
    for value: Float in [0, 7, -3] {
      let flat = Image(
        volume: Volume(shape: [4, 5, 6], repeating: value), geometry: Geometry(shape: [4, 5, 6], spacing: [1, 1, 1]))
      let voxels = changed(kind, 1, images: [flat])[0].volume.voxels
      #expect(voxels.allSatisfy { abs($0 - value) < 1e-5 })
    }
  }

  /// Networks see normalized intensities, so the damage is what is missing from a correlation of 1 with the image.
  /// Thick slices may hit an image better than slightly thinner ones; over 20 tries damage grows.
  @Test(arguments: PerturbationKind.allCases)
  func damageGrowsWithSeverity(kind: PerturbationKind) {
    let images = [image()]
    let damage = [0, 0.25, 0.5, 0.75, 1].map { severity in
      (0..<20).reduce(0) { sum, attempt in
        sum + 1 - correlation(changed(kind, severity, images: images, attempt: attempt)[0], images[0])
      } / 20
    }
    #expect(abs(damage[0]) < 1e-6 && zip(damage, damage.dropFirst()).allSatisfy { $0 + 1e-4 < $1 }, "\(damage)")
  }

  @Test(arguments: PerturbationKind.allCases.filter { $0 != .affine })
  func whatWasMaskedOutStaysZero(kind: PerturbationKind) {
    let before = image()
    let after = changed(kind, 1, images: [before])[0]
    #expect(zip(before.volume.voxels, after.volume.voxels).allSatisfy { $0 != 0 || $1 == 0 })
  }

  /// Every vector lies on the edge of its set: the largest direction is 1 or -1.
  @Test func vectorsLieOnTheEdge() {
    for kind in PerturbationKind.allCases {
      for attempt in 0..<20 {
        let drawn = PerturbationSet(kind, severity: 0.5).draw(seed: 3, caseName: "b", attempt: attempt)
        let directions = zip(kind.parameters, drawn.vector).filter { $0.0.bounds.lowerBound < 0 }.map(\.1)
        #expect(directions.isEmpty || directions.map(abs).max() == 1)
        #expect(zip(kind.parameters, drawn.vector).allSatisfy { $0.0.bounds.contains($0.1) })
      }
    }
  }
}

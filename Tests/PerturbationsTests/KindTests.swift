import Foundation
import NIfTI
import Statistics
import Testing

@testable import Perturbations

/// Protects what each kind promises, on volumes small enough to know the result.
struct KindTests {
  private func apply(_ kind: PerturbationKind, _ vector: [Double], severity: Double = 1, to volume: Volume<Float>)
    -> Volume<Float>
  {
    var images = [Image(volume: volume, geometry: Geometry(shape: volume.shape, spacing: [2, 1, 1]))]
    DrawnPerturbation(PerturbationSet(kind, severity: severity), vector: vector, random: CounterRandom(seed: 1))
      .apply(to: &images)
    return images[0].volume
  }

  /// Intensities 1, 2, …, 1000.
  private let ramp = Volume<Float>(shape: [10, 10, 10], voxels: (1...1000).map { Float($0) })

  /// Where the curve is flattest, neighbors may be rounded to the same intensity.
  @Test(arguments: [[-1.0, 0.4], [1, -1], [0.3, 1]])
  func contrastKeepsTheOrder(vector: [Double]) {
    let voxels = apply(.contrast, vector, to: ramp).voxels
    #expect(zip(voxels, voxels.dropFirst()).allSatisfy { $0 <= $1 } && Set(voxels).count > 950)
    #expect(voxels[0] == 1 && voxels[999] == 1000 && abs(voxels[500] - ramp.voxels[500]) > 10)
  }

  @Test func inversionFoldsAndThenReversesTheOrder() {
    let half = apply(.inversion, [0], severity: 0.5, to: ramp).voxels
    #expect(half[499] > half[250] && half[500] > half[750] && abs(half[0] - half[999]) < 1)
    let whole = apply(.inversion, [0], to: ramp).voxels
    #expect(zip(whole[10..<990], whole[11..<990]).allSatisfy { $0 > $1 })
    #expect(abs(whole[500] - (1001 - ramp.voxels[500])) < 0.1)
  }

  /// One half wave along x: exp(log 2 · cos(π (x + 1/2) / n)).
  @Test func biasIsACosine() {
    let after = apply(.bias, [0, 0, 0, 0, 1, 0], to: ramp)
    for x in 0..<10 {
      let factor = Double(after[3, 4, x] / ramp[3, 4, x])
      #expect(abs(log2(factor) - cos(Double.pi * (Double(x) + 0.5) / 10)) < 1e-5)
    }
  }

  /// The variance of noise at severity 1/2 is (0.15 w)², where w is the range between the percentiles.
  @Test func noiseHasItsDeviation() {
    let volume = Volume<Float>(shape: [20, 20, 20], voxels: (0..<8000).map { Float($0 % 101) - 400 })
    let after = apply(.noise, [], severity: 0.5, to: volume)
    let differences = zip(after.voxels, volume.voxels).map { Double($0 - $1) }
    let variance = differences.reduce(0) { $0 + $1 * $1 } / Double(differences.count)
    #expect(abs(variance.squareRoot() / 15 - 1) < 0.03)
    #expect(abs(differences.reduce(0, +) / Double(differences.count)) < 0.6)
    // Magnitudes stay magnitudes.
    #expect(apply(.noise, [], to: ramp).voxels.allSatisfy { $0 >= 0 })
  }

  /// Slices of three voxels, beginning with the line: means at the positions 1, 4 and 7, and lines between.
  @Test func slicesAreMeansOfTheirThickness() {
    let sources = ThickSlices.sources(length: 9, thickness: 3, offset: 0)
    let line = (0..<9).map { Float($0 * $0) }
    let result = sources.map { $0.reduce(Float(0)) { sum, source in sum + source.weight * line[source.position] } }
    // Of the squares 0, 1, 4; 9, 16, 25; 36, 49, 64.
    let means: [Float] = [5.0 / 3, 50.0 / 3, 149.0 / 3]
    let places: [Float] = [0, 0, 1.0 / 3, 2.0 / 3, 1, 4.0 / 3, 5.0 / 3, 2, 2]
    let expected = places.map { place -> Float in
      place <= 1 ? means[0] + place * (means[1] - means[0]) : means[1] + (place - 1) * (means[2] - means[1])
    }
    #expect(zip(result, expected).allSatisfy { abs($0 - $1) < 1e-4 }, "\(result)")
    for (offset, length) in [(0.0, 1), (0.3, 2), (0.9, 7), (0.5, 30)] {
      for sources in ThickSlices.sources(length: length, thickness: 2.6, offset: offset) {
        #expect(abs(sources.reduce(0) { $0 + $1.weight } - 1) < 1e-5)
      }
    }
  }

  @Test func aGhostLiesHalfTheGridAway() {
    var volume = Volume<Float>(shape: [8, 8, 8], repeating: 1)
    volume[2, 3, 4] = 101
    let after = apply(.ghosting, [0.5, 0], severity: 0.5, to: volume)
    #expect(abs(after[2, 3, 4] - 76) < 1e-3 && abs(after[2, 7, 4] - 26) < 1e-3 && abs(after[2, 5, 4] - 1) < 1e-3)
  }

  /// The spacing along z is twice that along y. A block 6 mm beside the center along y, turned by 20° about x, lies
  /// 6 sin 20° = 2.05 mm beside the center along z, which is 1.03 voxels, and 6 cos 20° = 5.64 voxels along y.
  @Test func aPatientTurnsAboutTheCenterInMillimetersAndLabelsWithHim() {
    var volume = Volume<Float>(shape: [9, 21, 21], repeating: 1)
    var labels = Volume<Int32>(shape: volume.shape, repeating: 0)
    for z in 3...5 { for y in 14...18 { for x in 9...11 { (volume[z, y, x], labels[z, y, x]) = (101, 3) } } }
    // Axes follow each other z, y, x: a turn about x takes z toward y, and y toward -z.
    let vector = [0, 0, 1.0, 0]
    let after = apply(.affine, vector, to: volume)
    let drawn = DrawnPerturbation(
      PerturbationSet(.affine, severity: 1), vector: vector, random: CounterRandom(seed: 1))
    let moved = drawn.moved(labels, spacing: [2, 1, 1])
    func center(_ weight: (Int, Int, Int) -> Double) -> [Double] {
      var (sum, place) = (0.0, [0.0, 0, 0])
      for z in 0..<9 {
        for y in 0..<21 {
          for x in 0..<21 {
            sum += weight(z, y, x)
            for (axis, index) in [z, y, x].enumerated() { place[axis] += weight(z, y, x) * Double(index) }
          }
        }
      }
      return place.map { $0 / sum }
    }
    let angle = Double.pi / 9
    let expected = [4 - 6 * sin(angle) / 2, 10 + 6 * cos(angle), 10]
    let seen = center { Double(after[$0, $1, $2] - 1) }
    let labeled = center { moved[$0, $1, $2] == 3 ? 1 : 0 }
    #expect(zip(seen, expected).allSatisfy { abs($0 - $1) < 0.1 }, "\(seen) \(expected)")
    #expect(zip(labeled, expected).allSatisfy { abs($0 - $1) < 0.25 }, "\(labeled) \(expected)")
  }

  /// Larger by 1.2: a voxel 5 voxels beside the center comes to lie 6 voxels beside it.
  @Test func aPatientGrowsAboutTheCenter() {
    let line = Volume<Float>(shape: [1, 1, 21], voxels: (0..<21).map { Float($0 + 1) })
    let after = apply(.affine, [0, 0, 0, 1], to: line)
    #expect(abs(after[0, 0, 16] - line[0, 0, 15]) < 1e-4 && abs(after[0, 0, 4] - line[0, 0, 5]) < 1e-4)
  }
}

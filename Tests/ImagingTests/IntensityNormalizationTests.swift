import Files
import Imaging
import NIfTI
import Testing

/// Protects intensity normalization: each scheme has nnU-Net's formula.
@Suite struct IntensityNormalizationTests {
  private let voxels: [Float] = [0, 2, 4, 6]

  private func apply(_ scheme: IntensityNormalization, _ voxels: [Float], mask: [Bool]? = nil) throws -> [Float] {
    var volume = Volume(shape: [1, 1, voxels.count], voxels: voxels)
    try scheme.apply(to: &volume, mask: mask, file: "image")
    return volume.voxels
  }

  private func close(_ a: [Float], _ b: [Float]) -> Bool { zip(a, b).allSatisfy { abs($0 - $1) < 1e-6 } }

  @Test func zScore() throws {
    let d = Float(5).squareRoot()
    #expect(close(try apply(.zScore, voxels), [-3 / d, -1 / d, 1 / d, 3 / d]))
    #expect(close(try apply(.zScore, [7, 7, 7]), [0, 0, 0]))
    #expect(close(try apply(.zScore, [0, 2, 4, 9], mask: [false, true, true, false]), [0, -1, 1, 9]))
  }

  @Test func computedTomography() throws {
    let scheme = IntensityNormalization.ct(lower: 1, upper: 5, mean: 3, deviation: 2)
    #expect(close(try apply(scheme, voxels), [-1, -0.5, 0.5, 1]))
  }

  @Test func ranges() throws {
    #expect(try apply(.none, voxels) == voxels)
    #expect(close(try apply(.rescaleTo01, voxels), [0, 1.0 / 3, 2.0 / 3, 1]))
    #expect(close(try apply(.rgbTo01, [0, 51, 255]), [0, 0.2, 1]))
    #expect(throws: InputError.self) { try apply(.rgbTo01, [0, 256]) }
    #expect(throws: InputError.self) { try apply(.rgbTo01, [-1, 5]) }
  }
}

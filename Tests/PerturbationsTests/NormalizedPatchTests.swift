import NIfTI
import Statistics
import Testing

@testable import Perturbations

/// Protects the perturbation of patches as networks see them: with the channels last and normalized intensities.
struct NormalizedPatchTests {
  private let shape = [6, 8, 7]
  private var count: Int { shape.reduce(1, *) }

  /// Two channels of normal numbers; the last plane is padding.
  private func patch(mean: Float = 0) -> [Float] {
    var random = CounterRandom(seed: 5)
    return (0..<2 * count).map { $0 < 2 * (count - 56) ? mean + random.normals().0 : 0 }
  }

  private func changed(_ patch: [Float], _ kind: PerturbationKind, _ vector: [Double], severity: Double) -> [Float] {
    let perturbation = DrawnPerturbation(
      PerturbationSet(kind, severity: severity), vector: vector, random: CounterRandom(seed: 2))
    var result = [Float](repeating: .nan, count: patch.count)
    result.withUnsafeMutableBufferPointer {
      NormalizedPatch(patch[...], shape: shape, spacing: [3, 1, 1]).write(changedBy: perturbation, to: $0)
    }
    return result
  }

  @Test(arguments: PerturbationKind.allCases) func severityZeroChangesNoBit(kind: PerturbationKind) {
    let patch = patch()
    let result = changed(patch, kind, kind.parameters.map { _ in 1 }, severity: 0)
    #expect(patch.map(\.bitPattern) == result.map(\.bitPattern))
  }

  /// Kinds that do not ask what no signal is do to a patch what they do to images.
  @Test(arguments: [PerturbationKind.contrast, .inversion, .slices, .ghosting])
  func aPatchIsChangedAsImagesAre(kind: PerturbationKind) {
    let patch = patch()
    var images = (0..<2).map { channel in
      Image(
        volume: Volume(shape: shape, voxels: (0..<count).map { patch[2 * $0 + channel] }),
        geometry: Geometry(shape: shape, spacing: [3, 1, 1]))
    }
    let vector = kind.parameters.map { _ in 0.4 }
    DrawnPerturbation(PerturbationSet(kind, severity: 0.7), vector: vector, random: CounterRandom(seed: 2))
      .apply(to: &images)
    let result = changed(patch, kind, vector, severity: 0.7)
    #expect(result == (0..<2 * count).map { images[$0 % 2].volume.voxels[$0 / 2] } && result != patch)
  }

  @Test(arguments: PerturbationKind.allCases.filter { $0 != .affine }) func paddingStaysZero(kind: PerturbationKind) {
    let result = changed(patch(), kind, kind.parameters.map { _ in 0.4 }, severity: 1)
    #expect(result[(2 * (count - 56))...].allSatisfy { $0 == 0 } && result.allSatisfy(\.isFinite))
  }

  /// In a patch of bright tissue alone, where no intensity is negative, 0 is still not the absence of signal: noise is
  /// not Rician, which would make the patch brighter, and a bias field leaves the darkest intensities as they are.
  @Test func zeroIsNotTheAbsenceOfSignal() {
    let patch = patch(mean: 3.5).map { $0 == 0 ? 0 : max($0, 0.01) }
    let noisy = changed(patch, .noise, [], severity: 1)
    let mean = zip(noisy, patch).reduce(0) { $0 + $1.0 - $1.1 } / Float(patch.count)
    // 560 voxels with a deviation of about 1.5.
    #expect(abs(mean) < 0.2)

    let biased = changed(patch, .bias, [0, 0, 0, 0, 1, 0], severity: 1)
    let scale = IntensityScale(
      Volume(shape: shape, voxels: (0..<count).map { patch[2 * $0] }), in: (0..<count).map { $0 < count - 56 },
      isNormalized: true)
    #expect(scale.dark == scale.lower && scale.dark > 0.1)
    let factors = (0..<count - 56).map { (biased[2 * $0] - scale.dark, patch[2 * $0] - scale.dark) }
    #expect(factors.allSatisfy { after, before in abs(after) <= 2.001 * abs(before) + 1e-5 })
  }

  @Test func aPatchOfPaddingStaysSo() {
    let padding = [Float](repeating: 0, count: 2 * count)
    for kind in PerturbationKind.allCases {
      #expect(changed(padding, kind, kind.parameters.map { _ in 1 }, severity: 1) == padding)
    }
  }
}

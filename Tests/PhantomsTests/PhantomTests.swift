import Statistics
import Testing

@testable import Phantoms

/// Protects the made-up data: they depend only on the seed and the case, every patient has every label, and the
/// minority differs.
struct PhantomTests {
  @Test(arguments: [FetalPhantom.self, TumorPhantom.self] as [any PhantomRecipe.Type])
  func dependsOnSeedAndCaseAlone(recipe: any PhantomRecipe.Type) {
    let made = recipe.make(patient: 2, isMinority: false, seed: 7)
    let again = recipe.make(patient: 2, isMinority: false, seed: 7)
    #expect(made.images == again.images && made.labels == again.labels && made.geometry == again.geometry)
    #expect(recipe.make(patient: 3, isMinority: false, seed: 7).labels != made.labels)
    #expect(recipe.make(patient: 2, isMinority: false, seed: 8).labels != made.labels)
  }

  @Test(arguments: [FetalPhantom.self, TumorPhantom.self] as [any PhantomRecipe.Type], [false, true])
  func everyPatientHasEveryLabelAndZerosAround(recipe: any PhantomRecipe.Type, isMinority: Bool) {
    for item in 0..<4 {
      let made = recipe.make(patient: item, isMinority: isMinority, seed: 1)
      #expect(made.images.count == recipe.channels.count)
      #expect(Set(made.labels.voxels) == Set((0...recipe.labels.count).map(Int32.init)))
      #expect(made.labels.shape == made.geometry.shape && made.geometry.shape.allSatisfy { (32...70).contains($0) })
      for image in made.images {
        #expect(image.shape == made.labels.shape && image.voxels.first == 0)
        #expect(image.voxels.allSatisfy { $0.isFinite && $0 >= 0 })
        // Whatever is labeled lies inside the brain mask.
        #expect(zip(image.voxels, made.labels.voxels).allSatisfy { $1 == 0 || $0 > 0 })
      }
    }
  }

  @Test func spinaBifidaHasWideVentriclesAndASmallLowCerebellum() {
    for item in 0..<4 {
      let usual = FetalPhantom.make(patient: item, isMinority: false, seed: 1)
      let minority = FetalPhantom.make(patient: item, isMinority: true, seed: 1)
      func share(_ made: PhantomCase, _ label: Int32) -> Double {
        let counts = made.labels.voxels.reduce(into: (0, 0)) { counts, voxel in
          counts.0 += voxel == label ? 1 : 0
          counts.1 += voxel > 0 ? 1 : 0
        }
        return Double(counts.0) / Double(counts.1)
      }
      #expect(share(minority, 2) > 1.8 * share(usual, 2))
      #expect(share(minority, 3) < 0.7 * share(usual, 3))
    }
  }

  /// The scanners differ in how much brighter than the rest of the brain the rim is after contrast agent.
  @Test func scannersDifferInContrast() {
    for item in 0..<4 {
      func enhancement(_ isMinority: Bool) -> Double {
        let made = TumorPhantom.make(patient: item, isMinority: isMinority, seed: 1)
        var (rim, rest) = ((0.0, 0.0), (0.0, 0.0))
        for (voxel, label) in zip(made.images[1].voxels, made.labels.voxels) where voxel > 0 {
          if label == 3 {
            rim = (rim.0 + Double(voxel), rim.1 + 1)
          } else {
            rest = (rest.0 + Double(voxel), rest.1 + 1)
          }
        }
        return rim.0 / rim.1 * rest.1 / rest.0
      }
      #expect(enhancement(false) > 1.05 * enhancement(true))
    }
  }

  /// A field of B-splines with standard normal coefficients keeps their mean and variance.
  @Test func smoothNoiseIsStandardized() {
    var random = CounterRandom(seed: 1, patient: 0)
    let field = SmoothNoise.field(shape: [40, 40, 40], step: [1, 1, 1], wavelength: 1.7, random: &random)
    let mean = field.reduce(0) { $0 + Double($1) } / Double(field.count)
    let variance = field.reduce(0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / Double(field.count)
    #expect(abs(mean) < 0.05 && abs(variance - 1) < 0.1)
  }
}

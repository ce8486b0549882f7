import Files
import Tensors
import TestSupport
import Testing

@testable import Inference

/// Protects prediction in bfloat16: where the processor has it, it finds the labels of 32-bit floats; elsewhere, and
/// with an engine that lacks it, it is refused before anything is computed.
@Suite struct PrecisionTests {
  @Test(.enabled(if: !Precision.bfloat16.isNative, "this processor has AVX-512 BF16"))
  func aProcessorWithoutItIsRefused() throws {
    try expectRefusal(.auto, advice: "Use --precision float32, or build hwsseg on the machine that runs it.")
  }

  @Test(.enabled(if: Precision.bfloat16.isNative, "this processor has no AVX-512 BF16"))
  func anEngineWithoutItIsRefused() throws {
    try expectRefusal(.blas, advice: "Use --engine auto or onednn.")
  }

  private func expectRefusal(_ engine: Engine, advice: String) throws {
    try withTemporaryFolder { folder in
      let models = try FixtureModel.training("A", factors: [1], in: folder)
      let error = #expect(throws: InputError.self) {
        try Ensemble(models, options: .init(engine: engine, precision: .bfloat16))
      }
      #expect(error?.subject == "precision" && error?.advice == advice)
    }
  }

  @Test(
    .enabled(if: Precision.bfloat16.isNative, "this processor has no AVX-512 BF16"), arguments: [Engine.auto, .onednn])
  func labelsAreThoseOfFloats(engine: Engine) throws {
    try withTemporaryFolder { folder in
      let models = try FixtureModel.training("A", factors: [1, 0.5], in: folder)
      let rawCase = try FixtureModel.writeCase("case", factor: 7919, shape: [12, 14, 22], in: folder)
      func predict(_ precision: Precision) throws -> Prediction {
        try Ensemble(models, options: .init(engine: engine, precision: precision)).predictions(of: [rawCase])[0]
      }
      let (expected, found) = (try predict(.float32), try predict(.bfloat16))
      #expect(found.probabilities != expected.probabilities)
      // A made-up image of noise is the hardest: few voxels are far from another label.
      let differing = zip(found.labels.voxels, expected.labels.voxels).count { $0 != $1 }
      #expect(differing < expected.labels.voxels.count / 50)
    }
  }
}

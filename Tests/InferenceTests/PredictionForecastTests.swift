import Datasets
import Files
import Foundation
import NIfTI
import TestSupport
import Testing

@testable import Inference

/// Protects what is said before a prediction begins: the number of tiles, the memory, and what cannot be segmented.
@Suite struct PredictionForecastTests {
  /// Runs `body` with a model whose patch has 8 × 8 × 16 voxels and whose network has 3 output channels.
  private func withModel(_ body: (_ models: [Model], _ folder: URL) throws -> Void) throws {
    try withTemporaryFolder { folder in
      try body(FixtureModel.training("A", factors: [1, 0.5], in: folder), folder)
    }
  }

  @Test func tilesAndPasses() throws {
    try withModel { models, folder in
      let cases = [
        try FixtureModel.writeCase("a", factor: 7919, shape: [16, 8, 16], in: folder),
        try FixtureModel.writeCase("b", factor: 7919, shape: [4, 12, 32], in: folder),
      ]
      let forecast = try Ensemble(models).forecast(cases, withProbabilities: false)
      #expect(forecast.caseCount == 2 && forecast.failures.isEmpty)
      // 3 × 1 × 1 and 1 × 2 × 3 tiles, by two folds in eight mirror images.
      #expect(forecast.tiles == 9 && forecast.passes == 9 * 16)
      #expect(forecast.overlaps)
      #expect(forecast.description.hasPrefix("2 cases, 9 tiles in 144 passes; needs "))
    }
  }

  /// A prediction that takes seconds is not delayed by a pass that tells how long it will take.
  @Test func littleWorkIsNotMeasured() throws {
    try withModel { models, folder in
      let ensemble = try Ensemble([models[0]], options: .init(mirrorAxes: []))
      let rawCase = try FixtureModel.writeCase("a", factor: 7919, in: folder)
      #expect(try ensemble.forecast([rawCase], times: 20, withProbabilities: false).seconds == nil)
      #expect(try ensemble.forecast([rawCase], times: 1_000_000_000, withProbabilities: false).seconds ?? 0 > 0)
    }
  }

  /// A longer image needs no more sums of logits, only longer images and label maps.
  @Test func memoryOfLongImages() throws {
    try withModel { models, folder in
      let ensemble = try Ensemble([models[0]], options: .init(mirrorAxes: []))
      func needs(_ planes: Int, withProbabilities: Bool = false) throws -> CaseNeeds {
        try CaseNeeds(
          "a", Geometry(shape: [planes, 100, 100], spacing: [1, 1, 1]), ensemble.predictors.map(\.outline),
          withProbabilities: withProbabilities, postprocesses: false)
      }
      let (short, long) = (try needs(100), try needs(1100))
      // The image in 32-bit floats, and the labels in 32-bit integers.
      #expect(long.compute - short.compute == 1000 * 10_000 * (4 + 4))
      #expect(short.compute > 100 * 10_000 * 8 + 8 * 10_000 * 3 * 4)
      #expect(try needs(100, withProbabilities: true).compute == short.compute + 100 * 10_000 * 3 * 4)
      #expect(short.alone >= max(short.prepare, short.compute, short.finish))
    }
  }

  /// What does not fit three times is done one by one, and what does not fit at all is refused, with its name.
  @Test func casesThatDoNotFit() throws {
    try withModel { models, folder in
      let cases = try ["a", "b"].map { try FixtureModel.writeCase($0, factor: 7919, shape: [30, 40, 50], in: folder) }
      let ensemble = try Ensemble(models)
      func forecast(available: Int) throws -> PredictionForecast {
        try ensemble.forecast(cases, withProbabilities: false, available: available)
      }
      let needs = try CaseNeeds(
        "a", cases[0].checkGeometry(), ensemble.predictors.map(\.outline), withProbabilities: false,
        postprocesses: false)
      let together = needs.prepare + needs.compute + needs.finish
      #expect(try forecast(available: together).overlaps)
      let alone = try forecast(available: together - 1)
      #expect(!alone.overlaps && alone.caseCount == 2)
      #expect(try !forecast(available: needs.alone).overlaps)
      let error = #expect(throws: InputError.self) { try forecast(available: needs.alone - 1) }
      #expect(error?.subject == cases[0].images[0].path)
    }
  }

  /// Before a training it is known whether the cases it holds out can be segmented at its end.
  @Test func casesOfATrainingToCome() throws {
    try withModel { models, folder in
      let rawCase = try FixtureModel.writeCase("a", factor: 7919, shape: [30, 40, 50], in: folder)
      let model = models[0]
      func check(available: Int) throws {
        try PredictionMemory.check([rawCase], plan: model.plan, description: model.dataset, available: available)
      }
      let needs = try CaseNeeds(
        "a", rawCase.checkGeometry(), Ensemble([model]).predictors.map(\.outline), withProbabilities: false,
        postprocesses: false)
      try check(available: needs.alone + 1_000_000_000)
      let error = #expect(throws: InputError.self) { try check(available: needs.alone) }
      #expect(error?.subject == rawCase.images[0].path)
    }
  }

  /// Damaged headers, and those that claim more voxels than their files can hold, are named before the work begins.
  @Test func badHeadersAreNamedAtOnce() throws {
    try withModel { models, folder in
      let good = try FixtureModel.writeCase("a", factor: 7919, in: folder)
      let damaged = RawCase(name: "b", images: [folder.appendingPathComponent("b_0000.nii.gz")], label: nil)
      try Data("not a volume".utf8).write(to: damaged.images[0])
      let huge = RawCase(name: "c", images: [folder.appendingPathComponent("c_0000.nii")], label: nil)
      let small = Volume<Float>(shape: [8, 8, 16], repeating: 1)
      try NIfTIFile.write(image: small, geometry: Geometry(shape: small.shape, spacing: [1, 1, 1]), to: huge.images[0])
      var bytes = try Data(contentsOf: huge.images[0])
      // dim[1...3], 16-bit numbers.
      for axis in 0..<3 { bytes.replaceSubrange(42 + 2 * axis..<44 + 2 * axis, with: [0xff, 0x7f]) }
      try bytes.write(to: huge.images[0])
      let forecast = try Ensemble(models).forecast([good, damaged, huge], withProbabilities: false)
      #expect(forecast.failures.map(\.subject) == [damaged.images[0].path, huge.images[0].path])
      #expect(forecast.caseCount == 1)
    }
  }

  @Test func words() {
    var forecast = PredictionForecast()
    (forecast.caseCount, forecast.tiles, forecast.passes) = (20, 1240, 9920)
    (forecast.seconds, forecast.bytes, forecast.availableBytes) = (840, 3_100_000_000, 41_000_000_000)
    #expect(
      forecast.description
        == "20 cases, 1,240 tiles in 9,920 passes; about 14 min; needs 3.1 GB of memory (41 GB available)")
    (forecast.caseCount, forecast.tiles, forecast.passes, forecast.seconds) = (1, 1, 1, 0.1)
    forecast.bytes = 12_000_000
    #expect(forecast.description == "1 case, 1 tile; about 1 s; needs 12 MB of memory (41 GB available)")
    forecast.seconds = nil
    #expect(forecast.description == "1 case, 1 tile; needs 12 MB of memory (41 GB available)")
  }
}

import Datasets
import Files
import Foundation
import NIfTI
import Synchronization
import TestSupport
import Testing

@testable import Inference

/// Protects the averaging of models, which is nnU-Net's: the logits of one training's folds, and the probabilities of
/// trainings, each with the same weight; and that post-processing is applied.
struct EnsembleTests {
  /// Mirror images are averaged over only where training mirrored its patches.
  @Test func mirroringFollowsTheTraining() throws {
    try withTemporaryFolder { folder in
      let model = try FixtureModel.training("A", factors: [1], in: folder)[0]
      #expect(model.mirrorAxes == [0, 1, 2])
      var plan = model.plan
      plan.training.augmentation = .none
      try plan.write(to: model.folder.training.appendingPathComponent("plans.json"))
      let unmirrored = try Model(model.folder)
      #expect(unmirrored.mirrorAxes == [])

      let rawCase = try FixtureModel.writeCase("case", factor: 7919, in: folder)
      func probabilities(_ model: Model, mirrorAxes: [Int]? = nil) throws -> [Float] {
        let ensemble = try Ensemble([model], options: .init(mirrorAxes: mirrorAxes))
        return try #require(ensemble.predictions(of: [rawCase])[0].probabilities)
      }
      let plain = try probabilities(model, mirrorAxes: [])
      #expect(try probabilities(unmirrored) == plain)
      #expect(try probabilities(model) == probabilities(model, mirrorAxes: [0, 1, 2]))
      #expect(try probabilities(model) != plain)
    }
  }

  @Test func trainingsCountAlike() throws {
    try withTemporaryFolder { folder in
      let first = try FixtureModel.training("A", factors: [1, 0.5], in: folder)
      let second = try FixtureModel.training("B", factors: [-2], in: folder)
      let rawCase = try FixtureModel.writeCase("case", factor: 7919, in: folder)

      func predict(_ models: [Model]) throws -> Prediction {
        try Ensemble(models, options: .init(mirrorAxes: [])).predictions(of: [rawCase])[0]
      }
      func probabilities(_ models: [Model]) throws -> [Float] { try #require(predict(models).probabilities) }

      let (ofFirst, ofSecond) = (try probabilities(first), try probabilities(second))
      let both = try predict([first[0], second[0], first[1]])
      let mean = zip(ofFirst, ofSecond).map { ($0 + $1) / 2 }
      #expect(zip(try #require(both.probabilities), mean).allSatisfy { abs($0 - $1) < 1e-6 })
      for voxel in 0..<1024 {
        let classes = (0..<3).map { mean[$0 * 1024 + voxel] }
        #expect(classes[Int(both.labels.voxels[voxel])] == classes.max())
      }

      // Within a training logits are averaged. They are log p, up to a constant for each voxel.
      let folds = try first.map { try probabilities([$0]) }
      for voxel in 0..<1024 {
        let logits = (0..<3).map { channel in folds.reduce(0) { $0 + log($1[channel * 1024 + voxel]) } / 2 }
        let sum = logits.reduce(0) { $0 + exp($1) }
        for channel in 0..<3 { #expect(abs(ofFirst[channel * 1024 + voxel] - exp(logits[channel]) / sum) < 1e-5) }
      }
    }
  }

  /// Cases that are computed at the same time do not mix: each prediction is that of the case alone, and they come in
  /// order. An unreadable image stops the prediction when it is its turn.
  @Test func casesDoNotMix() throws {
    try withTemporaryFolder { folder in
      let first = try FixtureModel.training("A", factors: [1, 0.5], in: folder)
      let ensemble = try Ensemble(first + FixtureModel.training("B", factors: [-2], in: folder))
      let cases = try (0..<5).map { try FixtureModel.writeCase("case_\($0)", factor: 7919 - 2 * $0, in: folder) }
      let alone = try cases.map { try ensemble.predictions(of: [$0])[0] }
      let together = try ensemble.predictions(of: cases)
      #expect(together.map(\.name) == cases.map(\.name))
      #expect(together.map(\.labels) == alone.map(\.labels))
      #expect(together.map(\.probabilities) == alone.map(\.probabilities))
      #expect(Set(alone.map { $0.labels.voxels }).count == cases.count)

      try Data("not a volume".utf8).write(to: cases[3].images[0])
      let done = Mutex<[String]>([])
      #expect {
        try ensemble.predict(cases) { prediction in done.withLock { $0.append(prediction.name) } }
      } throws: {
        "\($0)".contains(cases[3].images[0].path)
      }
      #expect(done.withLock(\.self) == cases.prefix(3).map(\.name))
    }
  }

  /// Images that are changed after reading are segmented like files with those voxels, each case by its position.
  @Test func changedImagesAreSegmentedLikeFiles() throws {
    try withTemporaryFolder { folder in
      let ensemble = try Ensemble(
        FixtureModel.training("A", factors: [1], in: folder), options: .init(mirrorAxes: []))
      let cases = try [7919, 7907].map { try FixtureModel.writeCase("case_\($0)", factor: $0, in: folder) }
      let expected = try ensemble.predictions(of: cases)
      let other = try NIfTIFile.read(cases[1].images[0])
      let labels = Mutex<[Volume<Int32>]>([])
      let change: @Sendable (Int, inout [Image]) -> Void = { index, images in if index == 1 { images = [other] } }
      try ensemble.predict([cases[0], cases[0]], changing: change) { prediction in
        labels.withLock { $0.append(prediction.labels) }
      }
      #expect(labels.withLock(\.self) == expected.map(\.labels) && expected[0].labels != expected[1].labels)
    }
  }

  /// Predictions go through the rule that lies in the model folders, unless that is switched off.
  @Test func postprocessingIsApplied() throws {
    try withTemporaryFolder { folder in
      let models = try FixtureModel.training("A", factors: [1, 0.5], in: folder)
      let rawCase = try FixtureModel.writeCase("case", factor: 7919, in: folder)
      let rule = Postprocessing(steps: [.init([1], isLabel: true)])
      func predict(postprocesses: Bool) throws -> Volume<Int32> {
        let ensemble = try Ensemble(models, options: .init(mirrorAxes: []), postprocesses: postprocesses)
        #expect(ensemble.postprocessing == (postprocesses ? rule : nil))
        return try ensemble.predictions(of: [rawCase])[0].labels
      }
      let raw = try predict(postprocesses: false)
      #expect(rule.apply(to: raw) != raw)

      for model in models {
        // The models must agree on their rule, so one with and one without are refused.
        if model.folder == models[1].folder { #expect(throws: InputError.self) { try Ensemble(models) } }
        try AtomicFile.replace(model.folder.postprocessing, with: JSON.object(JSONObject(rule.members)).text)
      }
      #expect(try predict(postprocesses: false) == raw)
      #expect(try predict(postprocesses: true) == rule.apply(to: raw))
    }
  }
}

extension Ensemble {
  /// The predictions of all cases, with their probabilities.
  func predictions(of cases: [RawCase]) throws -> [Prediction] {
    let all = Mutex<[Prediction]>([])
    try predict(cases, withProbabilities: true) { prediction in all.withLock { $0.append(prediction) } }
    return all.withLock(\.self)
  }
}

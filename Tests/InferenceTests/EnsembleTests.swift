import Datasets
import Foundation
import NIfTI
import Synchronization
import TensorFiles
import Tensors
import Testing
import UNet

@testable import Inference

/// Guards that several trainings are averaged as nnU-Net does: the logits of one training's folds, and the probabilities of trainings, each
/// counting alike, also where they share a plan.
struct EnsembleTests {
  private let fixture = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("Fixtures/plain")

  /// A results folder with the fixture's network, its weights scaled by each factor, one a fold.
  private func training(_ name: String, factors: [Float], in folder: URL) throws -> [Model] {
    let training = folder.appendingPathComponent(name)
    try FileManager.default.createDirectory(at: training, withIntermediateDirectories: true)
    for file in ["plans.json", "dataset.json"] {
      try FileManager.default.copyItem(
        at: fixture.appendingPathComponent(file), to: training.appendingPathComponent(file))
    }
    let model = try Model(ModelFolder(fixture.appendingPathComponent("fold_0")))
    let network = try Network(model.architecture, patch: model.configuration.patchSize, batchSize: 1, training: false)
    return try factors.enumerated().map { fold, factor in
      try network.load(model.weights)
      for parameter in network.parameters {
        parameter.value.withUnsafeMutableBufferPointer { for index in $0.indices { $0[index] *= factor } }
      }
      let place = training.appendingPathComponent("fold_\(fold)")
      try Safetensors.write(network.weights(), to: place.appendingPathComponent("checkpoint_final.safetensors"))
      return try Model(ModelFolder(place))
    }
  }

  /// An image of made-up voxels.
  private func writeCase(_ name: String, factor: Int, in folder: URL) throws -> RawCase {
    let image = folder.appendingPathComponent("\(name)_0000.nii.gz")
    let shape = [8, 8, 16]
    let voxels = (0..<1024).map { Float($0 * factor % 1009) }
    try NIfTIFile.write(
      image: Volume(shape: shape, voxels: voxels), geometry: Geometry(shape: shape, spacing: [1, 1, 1]), to: image)
    return RawCase(name: name, images: [image], label: nil)
  }

  @Test func trainingsCountAlike() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    defer { try? FileManager.default.removeItem(at: folder) }
    let first = try training("A", factors: [1, 0.5], in: folder)
    let second = try training("B", factors: [-2], in: folder)
    let one = try writeCase("case", factor: 7919, in: folder)

    func predict(_ models: [Model]) throws -> Prediction {
      try Ensemble(models, options: .init(mirrorAxes: [])).predictions(of: [one])[0]
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

    // Within a training it is the logits: log p, up to a constant a voxel.
    let folds = try first.map { try probabilities([$0]) }
    for voxel in 0..<1024 {
      let logits = (0..<3).map { channel in folds.reduce(0) { $0 + log($1[channel * 1024 + voxel]) } / 2 }
      let sum = logits.reduce(0) { $0 + exp($1) }
      for channel in 0..<3 { #expect(abs(ofFirst[channel * 1024 + voxel] - exp(logits[channel]) / sum) < 1e-5) }
    }
  }

  /// Cases that overlap do not mix: each comes out as if it were alone, in its turn. An image that cannot be read stops at its turn.
  @Test func casesAreThoseOfTheirOwn() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    defer { try? FileManager.default.removeItem(at: folder) }
    let ensemble = try Ensemble(
      training("A", factors: [1, 0.5], in: folder) + training("B", factors: [-2], in: folder))
    let cases = try (0..<5).map { try writeCase("case_\($0)", factor: 7919 - 2 * $0, in: folder) }
    let alone = try cases.map { try ensemble.predictions(of: [$0])[0] }
    let together = try ensemble.predictions(of: cases)
    #expect(together.map(\.name) == cases.map(\.name))
    #expect(together.map(\.labels) == alone.map(\.labels))
    #expect(together.map(\.probabilities) == alone.map(\.probabilities))
    #expect(Set(alone.map { $0.labels.voxels }).count == cases.count)

    try Data("not a volume".utf8).write(to: cases[3].images[0])
    let done = Mutex<[String]>([])
    #expect {
      try ensemble.predict(cases) { one in done.withLock { $0.append(one.name) } }
    } throws: {
      "\($0)".contains(cases[3].images[0].path)
    }
    #expect(done.withLock(\.self) == cases.prefix(3).map(\.name))
  }
}

extension Ensemble {
  /// All predictions with their probabilities.
  func predictions(of cases: [RawCase]) throws -> [Prediction] {
    let all = Mutex<[Prediction]>([])
    try predict(cases, withProbabilities: true) { one in all.withLock { $0.append(one) } }
    return all.withLock(\.self)
  }
}

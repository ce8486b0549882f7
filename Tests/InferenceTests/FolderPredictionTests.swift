import Datasets
import Files
import Foundation
import NIfTI
import Synchronization
import TestSupport
import Testing

@testable import Inference

/// Protects the segmentation of a folder: which cases are left out, and that existing files are not replaced unasked.
@Suite struct FolderPredictionTests {
  private let names = ["a", "b", "c"]

  /// Runs `body` with an ensemble, a folder of three images, and an output folder with the segmentation of `b`.
  private func withImages(_ body: (_ ensemble: Ensemble, _ images: URL, _ output: URL) throws -> Void) throws {
    try withTemporaryFolder { folder in
      let ensemble = try Ensemble(
        FixtureModel.training("model", factors: [1], in: folder), options: .init(mirrorAxes: []))
      let (images, output) = (folder.appendingPathComponent("images"), folder.appendingPathComponent("output"))
      for (number, name) in names.enumerated() {
        _ = try FixtureModel.writeCase(name, factor: 7919 - 2 * number, in: images)
      }
      try output.put("old", at: "b.nii.gz")
      try body(ensemble, images, output)
    }
  }

  /// The names of the cases in the order in which they are reported.
  private func run(_ prediction: FolderPrediction) throws -> [String] {
    let finished = Mutex<[String]>([])
    let failures = try prediction.run { count, name, seconds in
      finished.withLock {
        $0.append(name)
        #expect(count == $0.count && seconds >= 0)
      }
    }
    #expect(failures.isEmpty)
    return finished.withLock(\.self)
  }

  private func isOld(_ file: URL) -> Bool { (try? Data(contentsOf: file)) == Data("old".utf8) }

  @Test func existingSegmentationsAreRefused() throws {
    try withImages { ensemble, images, output in
      let error = #expect(throws: InputError.self) { try FolderPrediction(images: images, with: ensemble, to: output) }
      #expect(error?.subject == output.appendingPathComponent("b.nii.gz").path)
      #expect(try FileManager.default.contentsOfDirectory(atPath: output.path) == ["b.nii.gz"])
      try FileManager.default.removeItem(at: output)
      let prediction = try FolderPrediction(images: images, with: ensemble, to: output)
      #expect(prediction.caseCount == 3 && prediction.keptCount == 0)
      #expect(try run(prediction) == names)
      #expect(
        try FileManager.default.contentsOfDirectory(atPath: output.path).sorted()
          == names.map { "\($0).nii.gz" } + ["dataset.json"])
    }
  }

  @Test func existingSegmentationsAreKept() throws {
    try withImages { ensemble, images, output in
      let prediction = try FolderPrediction(images: images, with: ensemble, to: output, existing: .keep)
      #expect(prediction.caseCount == 2 && prediction.keptCount == 1)
      #expect(try run(prediction) == ["a", "c"])
      #expect(isOld(output.appendingPathComponent("b.nii.gz")))
      for name in ["a", "c"] {
        #expect(try NIfTIFile.readLabels(output.appendingPathComponent("\(name).nii.gz")).labels.shape == [8, 8, 16])
      }
    }
  }

  /// A case is kept only if all of its files are there.
  @Test func missingProbabilitiesAreMade() throws {
    try withImages { ensemble, images, output in
      let prediction = try FolderPrediction(
        images: images, with: ensemble, to: output, savesProbabilities: true, existing: .keep)
      #expect(prediction.caseCount == 3 && prediction.keptCount == 0)
      #expect(try run(prediction) == names)
      #expect(!isOld(output.appendingPathComponent("b.nii.gz")))
      for name in names {
        let file = output.appendingPathComponent("\(name)_probabilities.safetensors")
        #expect(FileManager.default.fileExists(atPath: file.path))
      }
    }
  }

  @Test func existingSegmentationsAreReplaced() throws {
    try withImages { ensemble, images, output in
      let prediction = try FolderPrediction(images: images, with: ensemble, to: output, existing: .replace)
      #expect(prediction.caseCount == 3 && prediction.keptCount == 0)
      #expect(try run(prediction) == names)
      #expect(try NIfTIFile.readLabels(output.appendingPathComponent("b.nii.gz")).labels.shape == [8, 8, 16])
    }
  }

  /// A damaged image does not keep the others from being segmented.
  @Test func othersAreSegmentedBesideADamagedImage() throws {
    try withImages { ensemble, images, output in
      let damaged = images.appendingPathComponent("b_0000.nii.gz")
      try Data("not a volume".utf8).write(to: damaged)
      let prediction = try FolderPrediction(images: images, with: ensemble, to: output, existing: .replace)
      let failures = try prediction.run { _, _, _ in }
      #expect(failures.map(\.subject) == [damaged.path])
      for name in ["a", "c"] {
        #expect(try NIfTIFile.readLabels(output.appendingPathComponent("\(name).nii.gz")).labels.shape == [8, 8, 16])
      }
      #expect(isOld(output.appendingPathComponent("b.nii.gz")))
    }
  }

  /// Segmentations never land among images, and the description of another data set is not replaced.
  @Test func foldersOfOtherThingsAreRefused() throws {
    try withImages { ensemble, images, output in
      #expect(throws: InputError.self) {
        try FolderPrediction(images: images, with: ensemble, to: images, existing: .replace)
      }
      let description = Data("{}".utf8)
      try description.write(to: output.appendingPathComponent("dataset.json"))
      let prediction = try FolderPrediction(images: images, with: ensemble, to: output, existing: .replace)
      #expect(throws: InputError.self) { _ = try prediction.run { _, _, _ in } }
      #expect(try Data(contentsOf: output.appendingPathComponent("dataset.json")) == description)
    }
  }

  /// The written labels are those of the ensemble.
  @Test func writesWhatTheEnsemblePredicts() throws {
    try withImages { ensemble, images, output in
      _ = try run(FolderPrediction(images: images, with: ensemble, to: output, existing: .replace))
      let cases = try RawCase.find(in: images, description: ensemble.dataset)
      for prediction in try ensemble.predictions(of: cases) {
        let file = output.appendingPathComponent("\(prediction.name).nii.gz")
        #expect(try NIfTIFile.readLabels(file).labels == prediction.labels)
      }
    }
  }
}

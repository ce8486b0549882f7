import Datasets
import Files
import Foundation
import NIfTI
import TestSupport
import Testing

@testable import Evaluation

/// Protects the evaluation of two folders: files are paired by name, and checked before anything is computed.
struct EvaluatorTests {
  /// Folders of references and predictions that are removed with their test.
  private struct Folders {
    private let temporary: TemporaryFolder
    var root: URL { temporary.url }
    var reference: URL { root.appendingPathComponent("reference") }
    var prediction: URL { root.appendingPathComponent("prediction") }

    init() throws {
      temporary = try TemporaryFolder()
      for folder in [reference, prediction] {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      }
    }

    func write(_ volume: Volume<Int32>, _ name: String, to folder: URL, geometry: Geometry? = nil) throws {
      try NIfTIFile.write(
        labels: volume, geometry: geometry ?? Geometry(shape: volume.shape, spacing: [2, 1, 1]),
        to: folder.appendingPathComponent("\(name).nii.gz"))
    }
  }

  private let cube = block(1, from: [1, 1, 1], to: [4, 5, 6], in: [6, 7, 8])
  private let moved = block(1, from: [2, 1, 1], to: [5, 5, 6], in: [6, 7, 8])

  private func description() throws -> DatasetDescription {
    let json = try JSON.parse(
      Data(
        """
        {"channel_names": {"0": "T2"}, "labels": {"background": 0, "organ": 1}, "numTraining": 2,
         "file_ending": ".nii.gz"}
        """.utf8), file: "dataset.json")
    return try DatasetDescription(json, file: "dataset.json")
  }

  @Test func pairsFilesByName() throws {
    let folders = try Folders()
    for name in ["a", "b", "c"] { try folders.write(cube, name, to: folders.reference) }
    for (name, volume) in [("a", cube), ("b", moved), ("c", cube)] {
      try folders.write(volume, name, to: folders.prediction)
    }
    let groups = try CaseTable("case,group\na,x\nb,y\nc,x\n", file: "groups.csv")
    let summary = try Evaluator.evaluate(
      reference: folders.reference, prediction: folders.prediction, description: description(), groups: groups)
    #expect(summary.cases.map(\.name) == ["a", "b", "c"])
    #expect(summary.cases.map { $0.metrics[0].dice } == [1, 2.0 / 3, 1])
    #expect(summary.cases[1].metrics[0].hausdorff == 2)
    #expect(summary.subgroups("group").map(\.name) == ["x", "y"])

    let some = try Evaluator.evaluate(
      reference: folders.reference, prediction: folders.prediction, description: description(), cases: ["b"])
    #expect(some.cases.map(\.name) == ["b"])

    try summary.write(to: folders.root)
    #expect(try JSON.read(folders.root.appendingPathComponent("summary.json")) != .null)
    #expect(FileManager.default.fileExists(atPath: folders.root.appendingPathComponent("cases.csv").path))
  }

  private func error(_ folders: Folders, groups: CaseTable? = nil, cases: [String]? = nil) throws -> InputError {
    let thrown = #expect(throws: InputError.self) {
      try Evaluator.evaluate(
        reference: folders.reference, prediction: folders.prediction, description: try description(), groups: groups,
        cases: cases)
    }
    return try #require(thrown)
  }

  @Test func missingFilesAreNamed() throws {
    let folders = try Folders()
    #expect(try error(folders).subject == folders.reference.path)
    for name in ["a", "b"] { try folders.write(cube, name, to: folders.reference) }
    try folders.write(cube, "a", to: folders.prediction)
    #expect(try error(folders).found.hasSuffix(": b"))
    #expect(try error(folders, cases: ["a", "z"]).found.hasSuffix(": z"))
    for name in ["b", "unknown"] { try folders.write(cube, name, to: folders.prediction) }
    #expect(try error(folders).found.hasSuffix(": unknown"))
  }

  @Test func otherGridsAreRefused() throws {
    let other = block(1, from: [1, 1, 1], to: [2, 2, 2], in: [6, 7, 9])
    let folders = try Folders()
    try folders.write(cube, "a", to: folders.reference)
    try folders.write(other, "a", to: folders.prediction)
    #expect(try error(folders).expected.contains("[6, 7, 8]"))

    let flipped = Geometry(shape: cube.shape, spacing: [2, 1, 1], affine: [-1, 0, 0, 7, 0, 1, 0, 0, 0, 0, 2, 0])
    let shifted = Geometry(shape: cube.shape, spacing: [2, 1, 1], affine: [1, 0, 0, 0, 0, 1, 0, 0.5, 0, 0, 2, 0])
    for geometry in [flipped, shifted, Geometry(shape: cube.shape, spacing: [2.2, 1, 1])] {
      try folders.write(cube, "a", to: folders.prediction, geometry: geometry)
      #expect(try error(folders).found.contains("mm from those of"))
    }
    let rounded = Geometry(
      shape: cube.shape, spacing: [2, 1, 1], affine: [1, 0, 0, 1e-5, 0, 1, 0, 0, 0, 0, 2.000001, 0])
    try folders.write(cube, "a", to: folders.prediction, geometry: rounded)
    _ = try Evaluator.evaluate(
      reference: folders.reference, prediction: folders.prediction, description: description())
  }

  @Test func groupsOfOtherCasesAreRefused() throws {
    let folders = try Folders()
    for folder in [folders.reference, folders.prediction] { try folders.write(cube, "a", to: folder) }
    let groups = try CaseTable("case,group\nz,x\n", file: "groups.csv")
    #expect(try error(folders, groups: groups).subject == "groups.csv")
  }
}

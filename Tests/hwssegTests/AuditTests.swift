import Datasets
import Files
import Foundation
import NIfTI
import TensorFiles
import TestSupport
import Testing

/// Protects the way from trained folds to the table of suspect labels. The figures are tested by `LabelAuditTests`.
@Suite struct AuditTests {
  /// A data set and a fold that has held all its cases out, with probabilities that are right everywhere. Two labels
  /// are wrong: in `case_03` they are exchanged, in `case_07` they lie two voxels off.
  private struct Spoilt {
    private static let shape = [10, 10, 12]
    let folder: URL
    var data: URL { folder.appendingPathComponent("data") }
    var results: URL { folder.appendingPathComponent("results") }
    var audit: URL { results.appendingPathComponent("audit") }
    var validation: URL { results.appendingPathComponent("fold_0/validation") }
    static let names = (0..<12).map { String(format: "case_%02d", $0) }

    init(in folder: URL) throws {
      self.folder = folder
      try data.put(
        #"{"channel_names": {"0": "T2"}, "labels": {"background": 0, "a": 1, "b": 2}, "numTraining": 12, "#
          + #""file_ending": ".nii.gz"}"#, at: "dataset.json")
      try data.put("case,group\n" + Self.names.map { "\($0),common\n" }.joined(), at: "groups.csv")
      try FileManager.default.createDirectory(at: validation, withIntermediateDirectories: true)
      try FileManager.default.copyItem(
        at: data.appendingPathComponent("dataset.json"), to: results.appendingPathComponent("fold_0/dataset.json"))
      // With the probabilities there, the weights are not read.
      try results.put("", at: "fold_0/checkpoint_final.safetensors")
      for name in Self.names { try write(name) }
    }

    private func write(_ name: String) throws {
      let geometry = Geometry(shape: Self.shape, spacing: [1, 1, 1])
      func labels(shift: Int = 0, _ first: Int32 = 1, _ second: Int32 = 2) -> Volume<Int32> {
        var volume = Volume<Int32>(shape: Self.shape, repeating: 0)
        for z in 3..<7 {
          for y in 3..<7 { for x in 2..<8 { volume[z, y + shift, x + shift] = x < 5 ? first : second } }
        }
        return volume
      }
      let truth = labels()
      let given = name == "case_03" ? labels(2, 1) : name == "case_07" ? labels(shift: 2) : truth
      let image = Volume(shape: Self.shape, voxels: truth.voxels.map(Float.init))
      try NIfTIFile.write(
        image: image, geometry: geometry, to: data.appendingPathComponent("imagesTr/\(name)_0000.nii.gz"))
      try NIfTIFile.write(
        labels: given, geometry: geometry, to: data.appendingPathComponent("labelsTr/\(name).nii.gz"))
      try NIfTIFile.write(labels: truth, geometry: geometry, to: validation.appendingPathComponent("\(name).nii.gz"))
      let probabilities = (0..<3).flatMap { channel in
        truth.voxels.map { Int($0) == channel ? Float(0.96) : Float(0.02) }
      }
      try Safetensors.write(
        [.init("probabilities", shape: [3] + Self.shape, floats: probabilities)],
        to: validation.appendingPathComponent("\(name)_probabilities.safetensors"))
    }

    func run(_ options: String...) throws -> Program.Result {
      try Program.run(["audit", data.path, "-m", results.path] + options)
    }

    func table(_ name: String) throws -> CaseTable { try CaseTable(contentsOf: audit.appendingPathComponent(name)) }
  }

  @Test func wrongLabelsComeFirst() throws {
    try withTemporaryFolder { folder in
      let spoilt = try Spoilt(in: folder)
      let result = try spoilt.run()
      #expect(result.status == 0 && result.errors.isEmpty, "\(result.errors)")
      #expect(result.output.contains("2 of 12 cases score above 3.5"))
      let cases = try spoilt.table("audit.csv")
      #expect(cases.caseNames.prefix(2) == ["case_03", "case_07"])
      #expect(cases.value("group", of: "case_03") == "common")
      #expect(cases.value("given", of: "case_03") == "2" && cases.value("predicted", of: "case_03") == "1")
      let weights = try spoilt.table("case_weights.csv")
      #expect(Spoilt.names.filter { weights.value("weight", of: $0) == "0" } == ["case_03", "case_07"])
      let page = try String(contentsOf: spoilt.audit.appendingPathComponent("audit.html"), encoding: .utf8)
      #expect(page.contains("case_03") && page.ranges(of: "<svg").count == 30)
      let runs = try String(contentsOf: spoilt.results.appendingPathComponent("run.json"), encoding: .utf8)
      #expect(runs.contains(#""ending": "finished""#))
      // An audit is replaced only when that is asked for.
      let again = try spoilt.run()
      #expect(again.status == 2 && again.errors.contains("--overwrite"))
      let quiet = try spoilt.run("--overwrite", "--log-level", "warning")
      #expect(quiet.status == 0 && !quiet.output.contains("1/12"))
    }
  }

  /// Probabilities that are damaged or of another case, and label maps that do not lie on their images, are named; the
  /// other cases are audited.
  @Test func aDamagedFileDoesNotKeepTheOthersFromBeingAudited() throws {
    try withTemporaryFolder { folder in
      let spoilt = try Spoilt(in: folder)
      func file(_ name: String) -> URL { spoilt.validation.appendingPathComponent("\(name)_probabilities.safetensors") }
      try Safetensors.write([.init("probabilities", shape: [3, 1, 1, 1], floats: [1, 0, 0])], to: file("case_00"))
      var bytes = try Data(contentsOf: file("case_01"))
      bytes[bytes.count - 5] ^= 1
      try bytes.write(to: file("case_01"))
      let label = spoilt.data.appendingPathComponent("labelsTr/case_02.nii.gz")
      let small = Volume<Int32>(shape: [10, 10, 11], repeating: 0)
      try NIfTIFile.write(labels: small, geometry: Geometry(shape: small.shape, spacing: [1, 1, 1]), to: label)
      let result = try spoilt.run()
      #expect(result.status == 1)
      for bad in [file("case_00"), file("case_01"), label] { #expect(result.errors.contains(bad.path), "\(bad)") }
      #expect(try spoilt.table("audit.csv").caseNames.count == 9)
      #expect(try spoilt.table("case_weights.csv").caseNames.count == 12)
    }
  }

  @Test func unusableFolds() throws {
    try withTemporaryFolder { folder in
      let spoilt = try Spoilt(in: folder)
      #expect(try spoilt.run("--folds", "3").status == 2)
      try FileManager.default.copyItem(
        at: spoilt.results.appendingPathComponent("fold_0"), to: spoilt.results.appendingPathComponent("fold_all"))
      let all = try spoilt.run("--folds", "all")
      #expect(all.status == 2 && all.errors.contains("trained on all cases"))
      try FileManager.default.copyItem(
        at: spoilt.results.appendingPathComponent("fold_0"), to: spoilt.results.appendingPathComponent("fold_1"))
      let twice = try spoilt.run()
      #expect(twice.status == 2 && twice.errors.contains("case_00"))
      #expect(!FileManager.default.fileExists(atPath: spoilt.results.appendingPathComponent("run.json").path))
    }
  }

  /// Without files of probabilities, the fold's network predicts again, and gives what it gave at the end of training.
  @Test func predictsAgain() throws {
    let tiny = try TinyModel.shared.get()
    try withTemporaryFolder { folder in
      let results = folder.appendingPathComponent("results")
      try FileManager.default.copyItem(at: URL(fileURLWithPath: tiny.results), to: results)
      let result = try Program.run("audit", tiny.data, "-m", results.path, "--folds", "0")
      #expect(result.status == 0 && result.output.contains("scores within it say little"), "\(result.errors)")
      let audited = try CaseTable(contentsOf: results.appendingPathComponent("audit/audit.csv"))
      let rows = try CSV.rows(contentsOf: results.appendingPathComponent("fold_0/validation/cases.csv")).map(\.cells)
      let dice = try #require(rows.first?.firstIndex(of: "Dice"))
      let scores = Dictionary(grouping: rows.dropFirst()) { $0[0] }
      #expect(Set(audited.caseNames) == Set(scores.keys))
      for (name, rows) in scores {
        let values = rows.compactMap { Double($0[dice]) }.filter { !$0.isNaN }
        let found = try #require(audited.value("Dice", of: name).flatMap(Double.init))
        #expect(abs(found - values.reduce(0, +) / Double(values.count)) < 1e-9)
      }
    }
  }
}

import Datasets
import Files
import Foundation
import NIfTI
import TestSupport
import Testing

/// Protects the way from trained folds to the decision on post-processing, and that files are written where nnU-Net
/// has them. The decision itself is tested by `PostprocessingSearchTests`.
@Suite struct CrossValidateTests {
  @Test func oneFold() throws {
    let tiny = try TinyModel.shared.get()
    try withTemporaryFolder { folder in
      let results = folder.appendingPathComponent("results")
      try FileManager.default.copyItem(at: URL(fileURLWithPath: tiny.results), to: results)
      let missing = try Program.run("crossvalidate", tiny.data, "-m", results.path)
      #expect(missing.status == 2 && missing.errors.contains("fold_1"))
      let arguments = ["crossvalidate", tiny.data, "-m", results.path, "--folds", "0"]
      let first = try Program.run(arguments)
      #expect(first.status == 0, "\(first.errors)")
      #expect(try Program.run(arguments).status == 2)
      #expect(try Program.run(arguments + ["--overwrite"]).status == 0)
      let made = results.appendingPathComponent("crossval_results_folds_0")
      for file in [
        "summary.json", "cases.csv", "postprocessing.json", "dataset.json", "plans.json", "postprocessed/summary.json",
      ] {
        #expect(FileManager.default.fileExists(atPath: made.appendingPathComponent(file).path), "\(file)")
      }
      #expect(FileManager.default.fileExists(atPath: results.appendingPathComponent("fold_0/postprocessing.json").path))
    }
  }

  /// The rule in the model folder is applied, unless it is switched off: only the largest component of the foreground
  /// is left.
  @Test func predictionKeepsTheLargestPart() throws {
    let tiny = try TinyModel.shared.get()
    try withTemporaryFolder { folder in
      let model = folder.appendingPathComponent("model")
      try FileManager.default.copyItem(at: URL(fileURLWithPath: tiny.model), to: model)
      let rule = Postprocessing(steps: [.init([1, 2, 3, 4, 5, 6, 7, 8])])
      try JSON.object(JSONObject(rule.members)).text.write(
        to: ModelFolder(model).postprocessing, atomically: true, encoding: .utf8)
      func predict(_ output: String, _ options: [String]) throws -> Volume<Int32> {
        let target = folder.appendingPathComponent(output)
        let result = try Program.run(
          ["predict", "-m", model.path, "-i", tiny.data + "/imagesTr", "-o", target.path, "--no-mirroring"] + options)
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.output.contains("largest connected part") == options.isEmpty)
        let file = try FileManager.default.contentsOfDirectory(atPath: target.path).sorted().first {
          $0.hasSuffix(".nii.gz")
        }
        return try NIfTIFile.readLabels(target.appendingPathComponent(#require(file))).labels
      }
      let without = try predict("without", ["--no-postprocessing"])
      #expect(try predict("with", []) == rule.apply(to: without))
    }
  }

  /// The six cases of the data set, each held out once.
  @Test func splits() throws {
    let file = URL(fileURLWithPath: try TinyModel.shared.get().preprocessed).appendingPathComponent("splits_final.json")
    let folds = try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [[String: [String]]]
    #expect(folds?.count == 5)
    #expect(Set(folds?.flatMap { $0["val"] ?? [] } ?? []).count == 6)
  }
}

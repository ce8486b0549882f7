import Files
import Foundation
import TestSupport
import Testing

@testable import Datasets

/// Protects the layout of a model folder: where its files are, which folds are found, and what a missing file says.
@Suite struct ModelFolderTests {
  private func names(_ folders: [ModelFolder]) -> [String] { folders.map(\.url.lastPathComponent) }

  /// The path with every link resolved, since the folder above is found that way.
  private func path(_ url: URL) -> String { url.resolvingSymlinksInPath().path }

  @Test func paths() {
    let results = URL(fileURLWithPath: "/results")
    let model = ModelFolder(fold: .number(3), of: results)
    #expect(model.url.path == "/results/fold_3")
    #expect(ModelFolder(fold: .all, of: results).url.path == "/results/fold_all")
    #expect(model.plan.path == "/results/fold_3/plans.json")
    #expect(model.description.path == "/results/fold_3/dataset.json")
    #expect(model.checkpoint(.final).path == "/results/fold_3/checkpoint_final.safetensors")
    #expect(model.checkpoint(.best).path == "/results/fold_3/checkpoint_best.safetensors")
    #expect(model.validation.path == "/results/fold_3/validation")
    #expect(model.postprocessing.path == "/results/fold_3/postprocessing.json")
  }

  /// Folds of one training have the folder above in common; other folders are trainings by themselves.
  @Test func training() {
    let results = URL(fileURLWithPath: "/results")
    #expect(ModelFolder(fold: .number(0), of: results).training.path == "/results")
    #expect(ModelFolder(URL(fileURLWithPath: "/results/fold_1/")).training.path == "/results")
    #expect(ModelFolder(URL(fileURLWithPath: "/results/model")).training.path == "/results/model")
  }

  /// Folders `fold_K` with a checkpoint count; `fold_all` only if there are no others, or when it is asked for.
  @Test func folds() throws {
    try withTemporaryFolder { results in
      try results.put("", at: "fold_all/checkpoint_final.safetensors")
      #expect(names(try ModelFolder.folds(of: results)) == ["fold_all"])
      try results.put("", at: "fold_1/checkpoint_final.pth")
      try results.put("", at: "fold_0/checkpoint_latest.safetensors")
      try results.put("", at: "fold_2/plans.json")
      try results.put("", at: "other/checkpoint_final.safetensors")
      #expect(names(try ModelFolder.folds(of: results)) == ["fold_0", "fold_1"])
      #expect(names(try ModelFolder.folds(["all", "1"], of: results)) == ["fold_all", "fold_1"])
      let error = #expect(throws: InputError.self) { try ModelFolder.folds(["0", "2"], of: results) }
      #expect(error?.subject == results.path && error?.expected == "fold_2")
      #expect(error?.found == "fold_0, fold_1, fold_all")
    }
  }

  /// A folder without folds is a model folder itself.
  @Test func folderOfOneFold() throws {
    try withTemporaryFolder { results in
      try results.put("", at: "model/checkpoint_final.safetensors")
      let model = results.appendingPathComponent("model")
      #expect(try ModelFolder.folds(of: model) == [ModelFolder(model)])
      #expect(throws: InputError.self) { try ModelFolder.folds(["0"], of: model) }
    }
  }

  /// As in nnU-Net's results, where the folds of a training share the files in the folder above.
  @Test func planAndDescriptionMayLieAbove() throws {
    try withTemporaryFolder { results in
      let model = ModelFolder(fold: .number(0), of: results)
      try results.put("", at: "fold_0/checkpoint_final.pth")
      #expect(throws: InputError.self) { try model.planFile() }
      #expect(throws: InputError.self) { try model.readDescription() }
      try results.put(SamplePlan.text, at: "plans.json")
      try results.put(DatasetDescriptionTests.plain, at: "dataset.json")
      #expect(path(try model.planFile()) == path(results.appendingPathComponent("plans.json")))
      #expect(try model.readPlan().datasetName == "D")
      #expect(try model.readDescription().foregroundLabels == [1, 2])
      // The folder's own file is preferred.
      try results.put(SamplePlan.text.replacing("\"D\"", with: "\"Own\""), at: "fold_0/plans.json")
      #expect(path(try model.planFile()) == path(model.plan))
      #expect(try model.readPlan().datasetName == "Own")
    }
  }

  /// Weights lie in the folder itself; ours are preferred to nnU-Net's.
  @Test func weights() throws {
    try withTemporaryFolder { results in
      let model = ModelFolder(fold: .number(0), of: results)
      try results.put("", at: "checkpoint_final.safetensors")
      try results.put("", at: "fold_0/plans.json")
      let error = #expect(throws: InputError.self) { try model.weights(.final) }
      #expect(error?.subject == model.url.path)
      #expect(error?.found.contains("checkpoint_final") == true)
      try results.put("", at: "fold_0/checkpoint_final.pth")
      #expect(try model.weights(.final).lastPathComponent == "checkpoint_final.pth")
      #expect(!model.has(.final))
      try results.put("", at: "fold_0/checkpoint_final.safetensors")
      #expect(try model.weights(.final) == model.checkpoint(.final))
      #expect(model.has(.final) && !model.has(.best))
      #expect(throws: InputError.self) { try model.weights(.best) }
    }
  }
}

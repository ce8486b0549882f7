import Foundation
import TestSupport
import Testing

/// Protects the handling of bad input: the program ends with status 2 and one sentence that names what is at fault, and
/// leaves nothing half-written.
@Suite struct BadInputTests {
  private func expectRefusal(_ arguments: [String], naming: String, _ location: SourceLocation = #_sourceLocation)
    throws
  {
    let result = try Program.run(arguments)
    #expect(result.status == 2, "\(result.errors)", sourceLocation: location)
    #expect(
      result.errors.hasPrefix("hwsseg: error: ") && result.errors.contains(naming)
        && result.errors.count { $0 == "\n" } == 1,
      "\(result.errors)", sourceLocation: location)
  }

  /// Runs `body` with a copy of the data set, which a test may spoil.
  private func withCopy(of data: String, _ body: (String) throws -> Void) throws {
    try withTemporaryFolder { folder in
      let copy = folder.appendingPathComponent("data").path
      try FileManager.default.copyItem(atPath: data, toPath: copy)
      try body(copy)
    }
  }

  @Test func missingFolders() throws {
    let tiny = try TinyModel.shared.get()
    let missing = tiny.folder.appendingPathComponent("nothing").path
    try expectRefusal(["plan", missing], naming: missing)
    try expectRefusal(["preprocess", missing, "--plan", tiny.plan, "-o", missing], naming: missing)
    try expectRefusal(["train", missing, "--plan", tiny.plan, "--fold", "0", "-o", missing], naming: missing)
    try expectRefusal(["predict", "-m", missing, "-i", tiny.data + "/imagesTr", "-o", missing], naming: missing)
    try expectRefusal(["predict", "-m", tiny.model, "-i", missing, "-o", missing], naming: missing)
    try expectRefusal(["evaluate", "--reference", tiny.data + "/labelsTr", "--prediction", missing], naming: missing)
    try expectRefusal(["inspect", missing], naming: missing)
    try expectRefusal(["report", missing, "-o", missing + "/page.html"], naming: missing)
    try expectRefusal(["report", "a", "b", "--scores", missing], naming: "--arm-column")
    try expectRefusal(["report", missing, "--images", missing], naming: "--reference")
    #expect(!FileManager.default.fileExists(atPath: missing))
  }

  @Test func anImageThatIsNotOne() throws {
    let tiny = try TinyModel.shared.get()
    try withCopy(of: tiny.data) { data in
      let file = data + "/imagesTr/fetal_002_0000.nii.gz"
      try Data("not a volume".utf8).write(to: URL(fileURLWithPath: file))
      try expectRefusal(["plan", data], naming: file)
      try expectRefusal(["preprocess", data, "--plan", tiny.plan, "-o", data + "/out"], naming: file)
      try expectRefusal(["inspect", file], naming: file)
      // The others are segmented all the same.
      let predicted = try Program.run("predict", "-m", tiny.model, "-i", data + "/imagesTr", "-o", data + "/predicted")
      #expect(predicted.status == 1 && predicted.errors.contains(file), "\(predicted.errors)")
      #expect(predicted.output.hasPrefix("5 cases, ") && predicted.output.contains("1 of 6 cases are not segmented"))
      #expect(try FileManager.default.contentsOfDirectory(atPath: data + "/predicted").count == 7)
    }
  }

  @Test func aMissingChannel() throws {
    let tiny = try TinyModel.shared.get()
    try withCopy(of: tiny.data) { data in
      try FileManager.default.moveItem(
        atPath: data + "/imagesTr/fetal_003_0000.nii.gz", toPath: data + "/imagesTr/fetal_003_0001.nii.gz")
      try expectRefusal(["plan", data], naming: "fetal_003_0000.nii.gz")
      try expectRefusal(
        ["predict", "-m", tiny.model, "-i", data + "/imagesTr", "-o", data + "/out"], naming: "fetal_003_0000.nii.gz")
    }
  }

  @Test func anUnnamedLabel() throws {
    let tiny = try TinyModel.shared.get()
    try withCopy(of: tiny.data) { data in
      let json = URL(fileURLWithPath: data + "/dataset.json")
      let text = try String(contentsOf: json, encoding: .utf8).replacing(/,\s*"brainstem": 7/, with: "")
      try text.write(to: json, atomically: true, encoding: .utf8)
      try expectRefusal(["preprocess", data, "--plan", tiny.plan, "-o", data + "/out"], naming: "label 7")
    }
  }

  @Test func aPatchThatDoesNotDivide() throws {
    let tiny = try TinyModel.shared.get()
    let output = tiny.folder.appendingPathComponent("undividable").path
    try expectRefusal(["plan", tiny.data, "-o", output, "--patch-size", "48", "52", "48"], naming: "[48, 56, 48]")
    try expectRefusal(
      ["train", tiny.data, "--plan", tiny.plan, "--fold", "0", "-o", output, "--patch-size", "48", "52", "48"],
      naming: "[48, 56, 48]")
    #expect(!FileManager.default.fileExists(atPath: output))
  }

  /// A path below a regular file cannot be written, not even by root.
  @Test func anOutputFolderThatCannotBeWritten() throws {
    let tiny = try TinyModel.shared.get()
    let output = tiny.plan + "/below"
    try expectRefusal(["phantom", output], naming: output)
    try expectRefusal(["plan", tiny.data, "-o", output], naming: tiny.plan)
    try expectRefusal(["preprocess", tiny.data, "--plan", tiny.plan, "-o", output], naming: output)
    try expectRefusal(
      ["train", tiny.data, "--plan", tiny.plan, "--fold", "1", "--preprocessed", tiny.preprocessed, "-o", output],
      naming: output)
    try expectRefusal(["predict", "-m", tiny.model, "-i", tiny.data + "/imagesTr", "-o", output], naming: output)
    try expectRefusal(
      ["evaluate", "--reference", tiny.data + "/labelsTr", "--prediction", tiny.data + "/labelsTr", "-o", output],
      naming: output)
  }

  @Test func aFinishedModelIsNotReplaced() throws {
    let tiny = try TinyModel.shared.get()
    try expectRefusal(
      [
        "train", tiny.data, "--plan", tiny.plan, "--fold", "0", "--preprocessed", tiny.preprocessed, "-o",
        tiny.results,
      ], naming: "--overwrite")
  }

  @Test func weightsOfAnotherNetwork() throws {
    let tiny = try TinyModel.shared.get()
    try withTemporaryFolder { folder in
      let model = folder.appendingPathComponent("model").path
      try FileManager.default.copyItem(atPath: tiny.model, toPath: model)
      let plan = URL(fileURLWithPath: model + "/plans.json")
      let text = try String(contentsOf: plan, encoding: .utf8)
        .replacing(/"features_per_stage": \[4/, with: "\"features_per_stage\": [8")
      try text.write(to: plan, atomically: true, encoding: .utf8)
      try expectRefusal(
        ["predict", "-m", model, "-i", tiny.data + "/imagesTr", "-o", folder.path], naming: "checkpoint_final")
      try FileManager.default.removeItem(atPath: model + "/checkpoint_final.safetensors")
      try expectRefusal(
        ["predict", "-m", model, "-i", tiny.data + "/imagesTr", "-o", folder.path], naming: "no checkpoint_final")
    }
  }

  /// The message names the option, and for a value that is not one of a few also the value.
  @Test(
    arguments: [
      (["train", "x", "--plan", "y", "-o", "z"], ["--fold"]),
      (["train", "x", "--plan", "y", "--fold", "0", "-o", "z", "--epochs", "0"], ["--epochs"]),
      (
        ["train", "x", "--plan", "y", "--fold", "0", "-o", "z", "--sampler", "nonsense"],
        ["--sampler", "'nonsense'", "hardness"]
      ),
      (["plan", "x", "--patch-size", "16", "16"], ["--patch-size", "[16, 16]"]),
      (["plan"], ["--fingerprint", "--dataset-json"]),
      (["plan", "x", "--fingerprint", "y", "--dataset-json", "z"], ["--fingerprint", "--dataset-json"]),
      (["predict", "-i", "x", "-o", "y"], ["--model"]),
      (["phantom", "x", "--kind", "nonsense"], ["--kind", "'nonsense'", "fetal"]),
      (["benchmark", "--plan", "x", "--steps", "0"], ["--steps"]), (["overhead", "--cases", "0"], ["--cases"]),
    ] as [([String], [String])])
  func wrongOptions(arguments: [String], words: [String]) throws {
    for word in words { try expectRefusal(arguments, naming: word) }
  }

  @Test func wrongNumbers() throws {
    let tiny = try TinyModel.shared.get()
    let output = tiny.folder.appendingPathComponent("wrong").path
    try expectRefusal(["phantom", output, "--cases", "0"], naming: "number of cases")
    try expectRefusal(["phantom", output, "--minority", "1.5"], naming: "minority")
    try expectRefusal(["plan", tiny.data, "-o", output, "--memory", "-1"], naming: "memory")
    try expectRefusal(["train", tiny.data, "--plan", tiny.plan, "--fold", "x", "-o", output], naming: "fold")
    try expectRefusal(
      ["predict", "-m", tiny.model, "-i", tiny.data + "/imagesTr", "-o", output, "--step-size", "0"],
      naming: "step size")
    #expect(!FileManager.default.fileExists(atPath: output))
  }

  @Test func numbersThatAreNotPositive() throws {
    let tiny = try TinyModel.shared.get()
    let output = tiny.folder.appendingPathComponent("negative").path
    let train = ["train", tiny.data, "--plan", tiny.plan, "--fold", "0", "-o", output]
    try expectRefusal(train + ["--patch-size", "-16", "-16", "-16"], naming: "--patch-size: found -16")
    try expectRefusal(train + ["--patch-size", "16", "16", "-16"], naming: "--patch-size: found -16")
    try expectRefusal(train + ["--patch-size", "0", "16", "16"], naming: "--patch-size")
    try expectRefusal(train + ["--batch-size", "-1"], naming: "--batch-size: found -1")
    try expectRefusal(train + ["--epochs", "0"], naming: "--epochs")
    try expectRefusal(train + ["--sampler", "hardness", "--beta", "-.5"], naming: "--beta: found -.5")
  }

  @Test func aTableThatIsNotThere() throws {
    let tiny = try TinyModel.shared.get()
    let missing = tiny.folder.appendingPathComponent("weights.csv").path
    try expectRefusal(
      [
        "train", tiny.data, "--plan", tiny.plan, "--fold", "0", "-o", tiny.results + "-static", "--sampler", "static",
        "--case-weights", missing,
      ], naming: "\(missing): found no such file")
  }

  /// What is wrong with the last case is said before the first one is preprocessed.
  @Test func theWholeDataSetIsCheckedFirst() throws {
    let tiny = try TinyModel.shared.get()
    try withCopy(of: tiny.data) { data in
      func expectRefusals(naming words: String, _ more: String...) throws {
        let output = data + "/results"
        try expectRefusal(
          ["train", data, "--plan", tiny.plan, "--fold", "all", "-o", output] + more, naming: words)
        #expect(!FileManager.default.fileExists(atPath: output))
      }
      let groups = URL(fileURLWithPath: data + "/groups.csv")
      let table = try String(contentsOf: groups, encoding: .utf8)
      try table.replacing(/fetal_006.*\n/, with: "").write(to: groups, atomically: true, encoding: .utf8)
      try expectRefusals(naming: "case fetal_006", "--sampler", "group-balanced")
      try FileManager.default.removeItem(atPath: data + "/labelsTr/fetal_006.nii.gz")
      try FileManager.default.copyItem(
        atPath: data + "/imagesTr/fetal_001_0000.nii.gz", toPath: data + "/labelsTr/fetal_006.nii.gz")
      try expectRefusals(naming: "fetal_006.nii.gz")
      try expectRefusals(naming: "nowhere.safetensors", "--initial-weights", data + "/nowhere.safetensors")
    }
  }

  /// A preprocessed case that was removed or made from another image would end the training in the middle.
  @Test func preprocessedCasesOfOtherImages() throws {
    let tiny = try TinyModel.shared.get()
    try withTemporaryFolder { folder in
      let store = folder.appendingPathComponent("preprocessed").path
      try FileManager.default.copyItem(atPath: tiny.preprocessed, toPath: store)
      try FileManager.default.removeItem(atPath: store + "/fetal_006.safetensors")
      try expectRefusal(
        [
          "train", tiny.data, "--plan", tiny.plan, "--fold", "0", "-o", folder.path + "/results", "--preprocessed",
          store,
        ], naming: "fetal_006.safetensors")
    }
  }

  /// Without the checkpoint that a run is resumed from, `--overwrite` does not silently begin it anew.
  @Test func aFinishedModelWithoutItsCheckpointIsNotResumed() throws {
    let tiny = try TinyModel.shared.get()
    try withTemporaryFolder { folder in
      let results = folder.appendingPathComponent("results").path
      try FileManager.default.copyItem(atPath: tiny.results, toPath: results)
      try FileManager.default.removeItem(atPath: results + "/fold_0/checkpoint_latest.safetensors")
      try expectRefusal(
        [
          "train", tiny.data, "--plan", tiny.plan, "--fold", "0", "--preprocessed", tiny.preprocessed, "-o", results,
          "--resume", "--overwrite",
        ], naming: "without --resume")
    }
  }
}

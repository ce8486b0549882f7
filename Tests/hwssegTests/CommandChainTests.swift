import Foundation
import TestSupport
import Testing

/// Protects the chain of commands, from made-up data to scores: each one reads what the one before it wrote.
@Suite struct CommandChainTests {
  @Test func everyVerbTakesWhatTheOneBeforeWrote() throws {
    let tiny = try TinyModel.shared.get()
    #expect(tiny.training.output.contains("epoch 2/2") && tiny.training.output.contains("these figures say little"))
    for file in ["plans.json", "dataset.json", "checkpoint_final.safetensors", "log.csv", "validation/summary.json"] {
      #expect(FileManager.default.fileExists(atPath: tiny.model + "/" + file), "\(file)")
    }

    try withTemporaryFolder { folder in
      let output = folder.appendingPathComponent("predictions").path
      let predicted = try Program.run(
        "predict", "-m", tiny.model, "-m", tiny.model, "-i", tiny.data + "/imagesTr", "-o", output, "--no-mirroring",
        "--save-probabilities")
      #expect(predicted.status == 0, "\(predicted.errors)")
      #expect(try predicted.output.contains(Regex("^6 cases, [0-9,]+ tiles.*; needs .* of memory \\(")))
      let evaluated = try Program.run("evaluate", "--reference", tiny.data + "/labelsTr", "--prediction", output)
      #expect(evaluated.status == 0 && evaluated.output.contains("spina_bifida"), "\(evaluated.errors)")
      for file in [
        "fetal_001.nii.gz", "fetal_001_probabilities.safetensors", "summary.json", "cases.csv", "robust.json",
      ] {
        #expect(FileManager.default.fileExists(atPath: output + "/" + file), "\(file)")
      }
      let page = output + "/report.html"
      let reported = try Program.run(
        "report", output, "--images", tiny.data + "/imagesTr", "--reference", tiny.data + "/labelsTr", "--run",
        tiny.model, "-o", page)
      #expect(reported.status == 0, "\(reported.errors)")
      #expect(try String(contentsOfFile: page, encoding: .utf8).contains("<h2>The worst cases</h2>"))
      for file in ["report.json", "report.csv", "report_cases.csv"] {
        #expect(FileManager.default.fileExists(atPath: output + "/" + file), "\(file)")
      }
      let again = try Program.run("predict", "-m", tiny.model, "-i", tiny.data + "/imagesTr", "-o", output)
      #expect(again.status == 2 && again.errors.contains("--overwrite"))
      // Missing segmentations are made, and no others are touched.
      let files = try FileManager.default.contentsOfDirectory(atPath: output).filter { $0.hasSuffix(".nii.gz") }
        .sorted()
      let kept = try FileManager.default.attributesOfItem(atPath: output + "/" + files[1])[.modificationDate] as? Date
      try FileManager.default.removeItem(atPath: output + "/" + files[0])
      let rest = try Program.run(
        "predict", "-m", tiny.results, "-i", tiny.data + "/imagesTr", "-o", output, "--continue")
      #expect(rest.status == 0 && rest.output.contains("\(files.count - 1) of \(files.count) cases"))
      #expect(FileManager.default.fileExists(atPath: output + "/" + files[0]))
      let after = try FileManager.default.attributesOfItem(atPath: output + "/" + files[1])[.modificationDate] as? Date
      #expect(kept != nil && kept == after)
    }
  }

  /// The held-out cases' summary comes from the same predictor as `predict`.
  @Test func predictionsAreThoseOfTheValidation() throws {
    let tiny = try TinyModel.shared.get()
    try withTemporaryFolder { folder in
      let images = folder.appendingPathComponent("images")
      let output = folder.appendingPathComponent("predictions")
      try FileManager.default.createDirectory(at: images, withIntermediateDirectories: true)
      let validation = tiny.model + "/validation"
      let files = try FileManager.default.contentsOfDirectory(atPath: validation).filter { $0.hasSuffix(".nii.gz") }
      #expect(!files.isEmpty)
      for file in files {
        let image = file.replacingOccurrences(of: ".nii.gz", with: "_0000.nii.gz")
        try FileManager.default.copyItem(
          atPath: "\(tiny.data)/imagesTr/\(image)", toPath: images.appendingPathComponent(image).path)
      }
      let predicted = try Program.run("predict", "-m", tiny.model, "-i", images.path, "-o", output.path)
      #expect(predicted.status == 0, "\(predicted.errors)")
      for file in files {
        let ours = try Data(contentsOf: output.appendingPathComponent(file))
        #expect(try ours == Data(contentsOf: URL(fileURLWithPath: "\(validation)/\(file)")), "\(file)")
      }
    }
  }

  @Test func everyFileHasWords() throws {
    let tiny = try TinyModel.shared.get()
    for (file, word) in [
      (tiny.plan, "hardness"), (tiny.data + "/dataset.json", "cerebellum"),
      (tiny.model + "/checkpoint_final.safetensors", "weights"),
      (tiny.preprocessed + "/fetal_001.safetensors", "label 7"),
      (tiny.data + "/labelsTr/fetal_001.nii.gz", "RAS"),
      (tiny.folder.appendingPathComponent("dataset_fingerprint.json").path, "6 cases"),
    ] {
      let result = try Program.run("inspect", file)
      #expect(result.status == 0 && result.output.contains(word), "\(file): \(result.errors)")
    }
  }

  /// A fingerprint made elsewhere gives the same plan as the images.
  @Test func planFromAFingerprint() throws {
    let tiny = try TinyModel.shared.get()
    try withTemporaryFolder { folder in
      let plans = ["a.json", "b.json"].map { folder.appendingPathComponent($0).path }
      let fingerprint = tiny.folder.appendingPathComponent("dataset_fingerprint.json").path
      let dataset = tiny.data + "/dataset.json"
      let fromFiles = try Program.run("plan", "--fingerprint", fingerprint, "--dataset-json", dataset, "-o", plans[0])
      let fromImages = try Program.run("plan", tiny.data, "-o", plans[1])
      #expect(fromFiles.status == 0 && fromImages.status == 0, "\(fromFiles.errors)\(fromImages.errors)")
      #expect(
        try String(contentsOfFile: plans[0], encoding: .utf8) == String(contentsOfFile: plans[1], encoding: .utf8))
    }
  }

  /// The plans that come with the program.
  @Test func readyPlansAreUsable() throws {
    let plans = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("Plans")
    let files = try FileManager.default.contentsOfDirectory(atPath: plans.path).filter { $0.hasSuffix(".json") }
    #expect(files.count >= 4)
    for file in files {
      let result = try Program.run("inspect", plans.appendingPathComponent(file).path)
      #expect(result.status == 0 && result.output.contains("PlainConvUNet"), "\(file): \(result.errors)")
    }
  }
}

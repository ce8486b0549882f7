import Files
import Foundation
import TestSupport
import Testing

/// Protects `stress`: the scores of unchanged images are those of `evaluate`, changes are scored for every case and
/// try, the files can be read by other verbs, and a second call gives the same scores.
@Suite struct StressTests {
  @Test func scoresWithoutChangeAreThoseOfEvaluate() throws {
    let tiny = try TinyModel.shared.get()
    try withTemporaryFolder { folder in
      let predictions = folder.appendingPathComponent("predictions").path
      let options = ["-m", tiny.model, "-i", tiny.data + "/imagesTr", "--no-mirroring", "--step-size", "1"]
      let predicted = try Program.run(["predict"] + options + ["-o", predictions])
      #expect(predicted.status == 0, "\(predicted.errors)")
      let evaluated = try Program.run("evaluate", "--reference", tiny.data + "/labelsTr", "--prediction", predictions)
      #expect(evaluated.status == 0, "\(evaluated.errors)")
      let expected = try rows(URL(fileURLWithPath: predictions + "/cases.csv"))

      let output = folder.appendingPathComponent("stress")
      let changes = ["--kinds", "inversion", "affine", "--severities", "1", "0.5", "--tries", "2", "--cases", "3"]
      let stress = ["stress"] + options + ["--reference", tiny.data + "/labelsTr"] + changes
      let result = try Program.run(stress + ["-o", output.path])
      #expect(result.status == 0 && result.output.contains("worst of 2"), "\(result.errors)")
      let scores = try rows(output.appendingPathComponent("stress.csv"))
      let labels = Set(scores.compactMap { $0["label"] }).count
      #expect(scores.count == labels * 3 * (1 + 2 * 2 * 2))
      let clean = scores.filter { $0["kind"] == "clean" }
      #expect(clean.count == labels * 3)
      for row in clean {
        let match = try #require(expected.first { $0["case"] == row["case"] && $0["name"] == row["label"] })
        #expect(row["Dice"] == match["Dice"] && row["group"] == match["group"] && row["severity"] == "0")
      }
      // An inverted image is not segmented like the image.
      let inverted = scores.filter { $0["perturbation"] == "inversion-1-1" }
      #expect(inverted.count == clean.count && inverted.map { $0["Dice"] } != clean.map { $0["Dice"] })

      for file in ["stress.svg", "run.json"] {
        #expect(FileManager.default.fileExists(atPath: output.appendingPathComponent(file).path), "\(file)")
      }
      let again = folder.appendingPathComponent("again")
      #expect(try Program.run(stress + ["-o", again.path]).status == 0)
      #expect(try rows(again.appendingPathComponent("stress.csv")) == scores)
      let compared = try Program.run(
        "compare", "clean", "affine-0.5-2", "--scores", output.appendingPathComponent("stress.csv").path,
        "--arm-column", "perturbation")
      #expect(compared.status == 0 && compared.output.contains("3 cases paired"), "\(compared.errors)")
    }
  }

  @Test func badOptionsAreRefused() throws {
    let tiny = try TinyModel.shared.get()
    let inputs = ["stress", "-m", tiny.model, "-i", tiny.data + "/imagesTr", "--reference", tiny.data + "/labelsTr"]
    for (options, word) in [
      (["--severities", "1.5"], "--severities"), (["--severities", "0"], "--severities"),
      (["--tries", "0"], "--tries"),
      (["--kinds", "fog"], "fog"), (["--kinds", "bias", "bias"], "twice"), (["--cases", "0"], "--cases"),
      (["--groups", tiny.data + "/none.csv"], "none.csv"),
    ] {
      let result = try Program.run(inputs + options)
      #expect(result.status == 2 && result.errors.contains(word), "\(options): \(result.errors)")
    }
    let missing = try Program.run(inputs.dropLast() + [tiny.data + "/imagesTr"])
    #expect(missing.status == 2 && missing.errors.contains("label map"), "\(missing.errors)")
  }

  /// The rows of a table by their columns.
  private func rows(_ file: URL) throws -> [[String: String]] {
    let rows = try CSV.rows(contentsOf: file).map(\.cells)
    return rows.dropFirst().map { Dictionary(uniqueKeysWithValues: zip(rows[0], $0)) }
  }
}

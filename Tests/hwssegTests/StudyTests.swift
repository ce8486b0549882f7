import Foundation
import TestSupport
import Testing

/// Protects studies: every arm and seed is trained and tested as the file says, a study that was stopped goes on where
/// it was and ends with the same scores, and nothing that another plan trained is taken for its own.
@Suite struct StudyTests {
  private static func study(_ plan: String, iterations: Int = 2) -> String {
    """
    {
      "plan": "\(plan)", "seeds": [1, 2], "folds": ["0"], "mirroring": false,
      "set": {"training.epochs": 2, "training.iterations_per_epoch": \(iterations), "training.ema": 0.5},
      "arms": [
        {"name": "uniform", "set": {"training.sampler": {"name": "uniform"}}},
        {"name": "hardness", "set": {"training.sampler": {"name": "hardness", "preset": "estimate"}}},
        {"name": "uniform-ema", "training": "uniform", "checkpoint": "ema"}
      ]
    }
    """
  }

  /// The scores of all arms and seeds.
  private func scores(_ results: URL) throws -> [String] {
    try ["uniform", "hardness", "uniform-ema"].flatMap { arm in
      try [1, 2].map { seed in
        try String(
          contentsOf: results.appendingPathComponent("\(arm)/seed_\(seed)/predictions/cases.csv"), encoding: .utf8)
      }
    }
  }

  @Test func aStoppedStudyGoesOn() throws {
    let tiny = try TinyModel.shared.get()
    try withTemporaryFolder { folder in
      try folder.put(Self.study(tiny.plan), at: "study.json")
      let results = folder.appendingPathComponent("results")
      let arguments = ["study", folder.appendingPathComponent("study.json").path, tiny.data, "-o"]
      let planned = try Program.run(arguments + [results.path, "--dry-run"])
      #expect(planned.status == 0, "\(planned.errors)")
      #expect(planned.output.hasSuffix("10 of 10 steps are left\n"))
      #expect(!FileManager.default.fileExists(atPath: results.path))

      let log = results.appendingPathComponent("study.csv")
      let stopped = try Program.run(arguments + [results.path]) {
        FileManager.default.fileExists(atPath: log.path) ? SIGTERM : nil
      }
      #expect(stopped.status == 128 + SIGTERM, "\(stopped.errors)")
      let left = try Program.run(arguments + [results.path, "--dry-run"])
      #expect(!left.output.contains("10 of 10") && left.output.contains("of 10 steps are left"))

      let finished = try Program.run(arguments + [results.path])
      #expect(finished.status == 0, "\(finished.errors)")
      #expect(finished.output.contains("hardness") && finished.output.contains("Step 10 of 10"))
      let nothing = try Program.run(arguments + [results.path, "--dry-run"])
      #expect(nothing.output == "0 of 10 steps are left\n")

      let undisturbed = folder.appendingPathComponent("undisturbed")
      #expect(try Program.run(arguments + [undisturbed.path]).status == 0)
      let (found, expected) = (try scores(results), try scores(undisturbed))
      #expect(found == expected)
      // Arms and seeds are really different trainings.
      #expect(Set(expected).count == 6)
    }
  }

  @Test func testCasesOfAnotherDataSet() throws {
    let tiny = try TinyModel.shared.get()
    try withTemporaryFolder { folder in
      let text = Self.study(tiny.plan).replacing("[\"0\"]", with: "[\"all\"]").replacing("[1, 2]", with: "[1]")
      try folder.put(text, at: "study.json")
      let results = folder.appendingPathComponent("results")
      let arguments = ["study", folder.appendingPathComponent("study.json").path, tiny.data, "-o", results.path]
      let untested = try Program.run(arguments)
      #expect(untested.status == 2 && untested.errors.contains("--test"))
      let test = folder.appendingPathComponent("test").path
      #expect(try Program.run("phantom", test, "--cases", "3", "--minority", "0.4", "--seed", "9").status == 0)
      let tested = try Program.run(arguments + ["--test", test])
      #expect(tested.status == 0, "\(tested.errors)")
      let table = results.appendingPathComponent("hardness/seed_1/predictions/cases.csv")
      let cases = try String(contentsOf: table, encoding: .utf8).split(separator: "\n").dropFirst().map {
        $0.prefix { $0 != "," }
      }
      #expect(Set(cases).count == 3)

      try folder.put(text.replacing("_per_epoch\": 2", with: "_per_epoch\": 3"), at: "study.json")
      let changed = try Program.run(arguments + ["--test", test])
      #expect(changed.status == 2 && changed.errors.contains("another plan"), "\(changed.errors)")
    }
  }

  @Test(arguments: [
    ("\"hardness\", \"set\"", "\"uniform\", \"set\"", "different names"),
    ("\"name\": \"hardness\", \"set\"", "\"name\": \"../up\", \"set\"", "letters, digits"),
    ("\"training\": \"uniform\"", "\"training\": \"other\"", "trainings of other"),
    ("\"seeds\"", "\"sede\"", "unknown key"),
    ("[1, 2]", "[1, 1]", "different numbers"),
    ("training.epochs", "training.epoch", "unknown key"),
    ("\"ema\"", "\"mean\"", "\"final\""),
  ])
  func badStudies(text: String, replacement: String, message: String) throws {
    let tiny = try TinyModel.shared.get()
    try withTemporaryFolder { folder in
      try folder.put(Self.study(tiny.plan).replacing(text, with: replacement), at: "study.json")
      let file = folder.appendingPathComponent("study.json").path
      let result = try Program.run("study", file, tiny.data, "-o", folder.appendingPathComponent("results").path)
      #expect(result.status == 2 && result.errors.contains(message), "\(result.errors)")
    }
  }
}

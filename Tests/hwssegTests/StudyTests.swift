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

  /// A student whose network has half the features, its teacher, and an arm with the teacher's trainings, in an order
  /// in which none could be trained.
  private static func teaching(_ plan: String) throws -> String {
    let text = try String(contentsOf: URL(fileURLWithPath: plan), encoding: .utf8)
    let features = try #require(text.firstMatch(of: /"features_per_stage": (\[[0-9, ]*\])/)?.output.1)
    let (key, halved) = (
      "configurations.3d_fullres.architecture.arch_kwargs.features_per_stage", features.replacing("4", with: "2")
    )
    return """
      {
        "plan": "\(plan)", "seeds": [1], "folds": ["0"], "mirroring": false,
        "set": {"training.epochs": 1, "training.iterations_per_epoch": 2, "training.ema": 0.5},
        "arms": [
          {"name": "teacher-ema", "training": "teacher", "checkpoint": "ema"},
          {"name": "student", "teacher": "teacher", "set": {"training.distillation": {}, "\(key)": \(halved)}},
          {"name": "teacher"}
        ]
      }
      """
  }

  @Test func aTeacherIsTrainedBeforeItsStudent() throws {
    let tiny = try TinyModel.shared.get()
    try withTemporaryFolder { folder in
      try folder.put(Self.teaching(tiny.plan), at: "study.json")
      let results = folder.appendingPathComponent("results")
      let arguments = ["study", folder.appendingPathComponent("study.json").path, tiny.data, "-o", results.path]
      let planned = try Program.run(arguments + ["--dry-run"])
      #expect(
        planned.output.split(separator: "\n").dropLast() == [
          "train teacher, seed 1, fold 0", "predict teacher, seed 1", "predict teacher-ema, seed 1",
          "train student, seed 1, fold 0", "predict student, seed 1",
        ], "\(planned.errors)")
      let finished = try Program.run(arguments)
      #expect(finished.status == 0, "\(finished.errors)")
      func file(_ arm: String, _ name: String) -> URL { results.appendingPathComponent("\(arm)/seed_1/fold_0/\(name)") }
      #expect(try String(contentsOf: file("student", "log.csv"), encoding: .utf8).contains("distillation_loss"))
      #expect(try !String(contentsOf: file("teacher", "log.csv"), encoding: .utf8).contains("distillation_loss"))
      func size(_ arm: String) throws -> Int {
        try Data(contentsOf: file(arm, "checkpoint_final.safetensors")).count
      }
      #expect(try size("student") < size("teacher"))
      #expect(try Program.run(arguments + ["--dry-run"]).output == "0 of 5 steps are left\n")
      // Once the teacher has other weights, the student is not its student any more.
      try Data(contentsOf: file("teacher", "checkpoint_ema.safetensors"))
        .write(to: file("teacher", "checkpoint_final.safetensors"))
      let changed = try Program.run(arguments + ["--dry-run"])
      #expect(changed.status == 2 && changed.errors.contains("another teacher"), "\(changed.errors)")
    }
  }

  @Test(arguments: [
    ("\"teacher\": \"teacher\"", "\"teacher\": \"other\"", "student with the teacher other"),
    ("\"teacher\": \"teacher\"", "\"teacher\": \"teacher-ema\"", "an arm with trainings of its own"),
    ("\"teacher\": \"teacher\"", "\"teacher\": \"student\"", "student, taught by student"),
    (
      "{\"name\": \"teacher\"", "{\"name\": \"teacher\", \"teacher\": \"student\"",
      "taught by teacher, taught by student"
    ),
    ("\"training\": \"teacher\"", "\"training\": \"teacher\", \"teacher\": \"student\"", "and a teacher"),
    ("\"training.distillation\": {},", "", "without training.distillation"),
    ("\"teacher\": \"teacher\", ", "", "and no teacher"),
    (
      "\"training.distillation\"", "\"configurations.3d_fullres.spacing\": [2, 2, 2], \"training.distillation\"",
      "with spacing"
    ),
  ])
  func badTeachers(text: String, replacement: String, message: String) throws {
    let tiny = try TinyModel.shared.get()
    try withTemporaryFolder { folder in
      let study = try Self.teaching(tiny.plan)
      try folder.put(study.replacing(text, with: replacement), at: "study.json")
      let file = folder.appendingPathComponent("study.json").path
      let result = try Program.run("study", file, tiny.data, "-o", folder.appendingPathComponent("results").path)
      #expect(result.status == 2 && result.errors.contains(message), "\(result.errors)")
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

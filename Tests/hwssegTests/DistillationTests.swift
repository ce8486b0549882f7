import Foundation
import TestSupport
import Testing

/// Protects `train --teacher`: a smaller student learns from a model folder, and a teacher that does not fit is
/// refused.
struct DistillationTests {
  @Test func aSmallStudentLearnsFromAModelFolder() throws {
    let model = try TinyModel.shared.get()
    try withTemporaryFolder { folder in
      let plan = folder.appendingPathComponent("plan.json")
      let text = try String(contentsOf: URL(fileURLWithPath: model.plan), encoding: .utf8)
      try text.replacing(/"features_per_stage": \[[0-9, ]*\]/) { $0.output.replacing(/4/, with: "2") }
        .write(to: plan, atomically: true, encoding: .utf8)
      func train(_ name: String, _ arguments: [String]) throws -> Program.Result {
        try Program.run(
          ["train", model.data, "--plan", plan.path, "--fold", "0", "--preprocessed", model.preprocessed, "-o"]
            + [folder.appendingPathComponent(name).path] + arguments)
      }
      let teacher = ["--teacher", model.results]
      let distillation = ["--set", "training.distillation={\"groups\": true}"]
      let result = try train("student", teacher + distillation)
      #expect(result.status == 0, "\(result.errors)")
      let log = try String(contentsOf: folder.appendingPathComponent("student/fold_0/log.csv"), encoding: .utf8)
      #expect(log.contains("distillation_loss,distillation_weight_"))

      func expectRefusal(_ word: String, _ result: Program.Result) {
        #expect(result.status == 2 && result.errors.contains(word), "\(result.errors)")
      }
      expectRefusal("--teacher", try train("without", distillation))
      expectRefusal("training.distillation={}", try train("idle", teacher))
      expectRefusal(
        "patch_size [48, 48, 48]", try train("small", teacher + distillation + ["--patch-size", "32", "32", "32"]))
    }
  }
}

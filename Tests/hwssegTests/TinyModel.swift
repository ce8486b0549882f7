import Foundation
import Testing

/// A made-up data set, a plan with a tiny network, and what training it for a moment leaves behind; made once for all tests.
struct TinyModel: Sendable {
  let folder: URL
  var data: String { folder.appendingPathComponent("data").path }
  var plan: String { folder.appendingPathComponent("plan.json").path }
  var preprocessed: String { folder.appendingPathComponent("preprocessed").path }
  var results: String { folder.appendingPathComponent("results").path }
  var model: String { folder.appendingPathComponent("results/fold_0").path }
  /// What `train` printed.
  let training: Program.Result

  static let shared = Result { try TinyModel() }

  private init() throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("hwsseg-tests-\(getpid())")
    try? FileManager.default.removeItem(at: folder)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let paths = ["data", "plan.json", "preprocessed", "results"].map { [folder] in
      folder.appendingPathComponent($0).path
    }
    try Self.succeed("phantom", paths[0], "--cases", "6", "--minority", "0.3")
    try Self.succeed(
      "plan", paths[0], "-o", paths[1], "--patch-size", "48", "48", "48", "--batch-size", "2", "--epochs", "2",
      "--iterations", "3", "--sampler", "hardness")
    try Self.shrink(URL(fileURLWithPath: paths[1]))
    try Self.succeed("preprocess", paths[0], "--plan", paths[1], "-o", paths[2])
    training = try Self.succeed(
      "train", paths[0], "--plan", paths[1], "--fold", "0", "--preprocessed", paths[2], "-o", paths[3])
  }

  /// Four channels in every stage, and little validation, so that training takes a second.
  private static func shrink(_ plan: URL) throws {
    let text = try String(contentsOf: plan, encoding: .utf8)
      .replacing(/"features_per_stage": \[[0-9, ]*\]/) { $0.output.replacing(/[0-9]+/, with: "4") }
      .replacing(/"validation_iterations": [0-9]+/, with: "\"validation_iterations\": 1")
    try text.write(to: plan, atomically: true, encoding: .utf8)
  }

  @discardableResult
  private static func succeed(_ arguments: String...) throws -> Program.Result {
    let result = try Program.run(arguments)
    #expect(result.status == 0 && result.errors.isEmpty, "\(arguments): \(result.errors)")
    return result
  }
}

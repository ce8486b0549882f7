import Foundation
import TestSupport
import Testing

/// A made-up data set, a plan with a tiny network, and the results of a short training; made once for all tests.
struct TinyModel: Sendable {
  private let temporary: TemporaryFolder
  var folder: URL { temporary.url }
  var data: String { folder.appendingPathComponent("data").path }
  var plan: String { folder.appendingPathComponent("plan.json").path }
  var preprocessed: String { folder.appendingPathComponent("preprocessed").path }
  var results: String { folder.appendingPathComponent("results").path }
  var model: String { folder.appendingPathComponent("results/fold_0").path }
  /// What `train` printed.
  let training: Program.Result

  static let shared: Result<TinyModel, any Error> = Result {
    let model = try TinyModel()
    // `shared` is never released, so its folder has to be removed at the end.
    atexit { if let folder = try? TinyModel.shared.get().folder { try? FileManager.default.removeItem(at: folder) } }
    return model
  }

  private init() throws {
    temporary = try TemporaryFolder()
    let paths = ["data", "plan.json", "preprocessed", "results"].map { [temporary] in
      temporary.url.appendingPathComponent($0).path
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

  /// Sets four channels in every stage and one validation iteration, so that training takes a second.
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
